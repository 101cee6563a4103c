use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write(supersedes(get))]
    fn put(&mut self, #[key] row: u64);
    #[read]
    fn get(&self, #[key] row: u64) -> u64;
}

fn main() {}
