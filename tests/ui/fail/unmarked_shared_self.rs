use copycat::state_machine;

#[state_machine]
trait Bank {
    fn balance(&self) -> u64;
}

fn main() {}
