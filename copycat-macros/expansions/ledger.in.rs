/// Accounts and what they hold.
#[state_machine]
impl Ledger {
    /// The most an account can hold.
    pub const LIMIT: u64 = 1_000_000;
    /// With this account, to begin with.
    pub fn with(account: &str) -> Self {
        Self(std::iter::once((account.to_owned(), 0)).collect())
    }
    /// Adds to an account, and returns what it holds then.
    #[write]
    pub fn deposit(&mut self, #[key] account: String, cents: u64) -> Result<u64, Refused> {
        let sum = self.balance(&account) + cents;
        self.set(account, sum)
    }
    #[read]
    pub fn balance(&self, #[key] account: &str) -> u64 {
        self.0.get(account).copied().unwrap_or_default()
    }
    #[read(merge = Self::richer)]
    pub(crate) fn richest(&self) -> Option<String> {
        self.0.iter().max_by_key(|(_, cents)| **cents).map(|(account, _)| account.clone())
    }
    #[delete(all)]
    fn clear(&mut self) {
        self.0.clear();
    }
    fn set(&mut self, account: String, cents: u64) -> Result<u64, Refused> {
        if cents > Self::LIMIT {
            return Err(Refused);
        }
        self.0.insert(account, cents);
        Ok(cents)
    }
    fn richer(left: Option<String>, right: Option<String>) -> Option<String> {
        left.max(right)
    }
}
