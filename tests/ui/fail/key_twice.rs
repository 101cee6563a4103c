use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write]
    fn put(&mut self, #[key] #[key] row: u64);
}

fn main() {}
