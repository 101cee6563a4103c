use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write]
    fn deposit(&self, cents: u64);
}

fn main() {}
