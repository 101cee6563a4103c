use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write(supersedes(put))]
    fn set(&mut self, row: u64);
    #[write]
    fn put(&mut self, #[key] row: u64);
}

fn main() {}
