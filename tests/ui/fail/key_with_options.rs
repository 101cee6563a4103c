use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write]
    fn put(&mut self, #[key(hash)] row: u64);
}

fn main() {}
