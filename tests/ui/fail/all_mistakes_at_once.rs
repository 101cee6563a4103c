use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write]
    fn deposit(&mut self, #[key] account: &str, cents: u64) -> u64;
    #[read]
    fn balance(&mut self, #[key] account: &str) -> u64;
    #[write]
    async fn close(&mut self, #[key] account: &str, #[key] branch: &str);
    fn total(&self) -> u64;
}

async fn uses_what_is_right(bank: AsyncBank) -> Result<u64, copycat::Error> {
    bank.deposit("ada", 100).await
}

fn main() {
    let _ = uses_what_is_right;
}
