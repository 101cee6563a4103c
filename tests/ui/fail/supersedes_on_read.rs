use copycat::state_machine;

#[state_machine]
trait Bank {
    #[read(supersedes(put))]
    fn get(&self, #[key] row: u64) -> u64;
    #[write]
    fn put(&mut self, #[key] row: u64);
}

fn main() {}
