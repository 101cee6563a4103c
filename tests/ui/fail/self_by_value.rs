use copycat::state_machine;

#[state_machine]
trait Bank {
    #[read]
    fn total(self) -> u64;
    #[write]
    fn swap(self: Box<Self>);
}

fn main() {}
