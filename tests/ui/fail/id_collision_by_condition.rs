use copycat::state_machine;

#[state_machine]
trait Bank {
    #[cfg(not(windows))]
    #[write(id = 7)]
    fn put(&mut self, row: u64);
    #[cfg(not(windows))]
    #[write(id = 7)]
    fn add(&mut self, row: u64);
}

fn main() {}
