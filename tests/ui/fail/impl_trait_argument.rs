use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write]
    fn extend(&mut self, values: impl Iterator<Item = u64>);
}

fn main() {}
