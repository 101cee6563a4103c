use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write]
    fn put(&mut self, #[cfg(unix)] value: u64);
}

fn main() {}
