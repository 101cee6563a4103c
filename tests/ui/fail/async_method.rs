use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write]
    async fn deposit(&mut self, cents: u64);
}

fn main() {}
