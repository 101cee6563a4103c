use copycat::state_machine;

#[state_machine]
trait Bank {
    type Value;
    #[read]
    fn len(&self) -> u64;
}

fn main() {}
