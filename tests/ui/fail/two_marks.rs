use copycat::state_machine;

#[state_machine]
trait Bank {
    #[read]
    #[write]
    fn put(&mut self, row: u64);
}

fn main() {}
