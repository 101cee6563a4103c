/// Accounts and what they hold.
#[state_machine]
pub trait Bank {
    /// Adds to an account, and returns what it holds then.
    #[write]
    fn deposit(&mut self, #[key] account: String, cents: u64) -> u64;
    #[write]
    fn transfer(&mut self, from: String, to: String, cents: u64) -> Result<(), Refused>;
    #[read]
    fn balance(&self, #[key] account: &str) -> u64;
    #[delete]
    fn close(&mut self, #[key] account: &str) -> Option<u64>;
}
