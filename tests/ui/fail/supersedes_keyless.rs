use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write(supersedes(add))]
    fn put(&mut self, #[key] row: u64);
    #[write]
    fn add(&mut self, row: u64);
}

fn main() {}
