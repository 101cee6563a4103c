use copycat::state_machine;

#[state_machine]
trait Bank {
    #[read(merge = sum)]
    fn count(&self, #[key] row: u64) -> u64;
}

fn main() {}
