use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write]
    fn put(&mut self, #[key] table: u64, #[key] row: u64);
}

fn main() {}
