use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write]
    fn put(&mut self, value: Option<&u64>);
}

fn main() {}
