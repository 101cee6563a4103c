use copycat::state_machine;

#[state_machine]
trait Bank {
    #[read = "lease"]
    fn len(&self) -> u64;
}

fn main() {}
