use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write(id = 7)]
    fn put(&mut self, row: u64);
    #[write(id = 7)]
    fn add(&mut self, row: u64);
}

fn main() {}
