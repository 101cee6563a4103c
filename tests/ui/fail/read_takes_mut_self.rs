use copycat::state_machine;

#[state_machine]
trait Bank {
    #[read]
    fn balance(&mut self) -> u64;
}

fn main() {}
