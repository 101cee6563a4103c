use copycat::state_machine;

struct Ledger(u64);

#[state_machine]
impl Ledger {
    #[write]
    fn deposit(&mut self, #[key] account: &str, cents: u64) -> u64 {
        self.0 += cents + account.len() as u64;
        self.0
    }
    #[read]
    fn balance(&mut self) -> u64 {
        self.0
    }
    #[write]
    fn pay(&self, #[key] from: u64, #[key] to: u64) {
        let _ = (from, to);
    }
    #[write]
    async fn close(&mut self) {}
    #[write]
    fn absorb(&mut self, other: Self) -> Option<Self> {
        Some(other)
    }
    #[write(id = 7)]
    fn one(&mut self) {}
    #[write(id = 7)]
    fn two(&mut self) {}
    #[write]
    fn put<T>(&mut self, value: T)
    where
        T: Clone,
    {
        let _ = value;
    }
    #[write(merge = sum)]
    fn reset(&mut self) -> u64 {
        self.0
    }
    #[write(supersedes(set, helper))]
    fn set_all(&mut self, #[key] row: u64) {
        self.helper(row);
    }
    fn helper(&mut self, #[key] row: u64) {
        self.0 = row;
    }
    #[read]
    fn first(&self) -> &str {
        ""
    }
    #[read]
    fn make() -> u64 {
        7
    }
    #[read]
    #[write]
    fn twice(&self, length: [u8; Self::LENGTH]) {
        let _ = length;
    }
    const LENGTH: usize = 7;
}

async fn uses_what_is_right(ledger: AsyncLedger) -> Result<u64, copycat::Error> {
    ledger.deposit("ada", 100).await
}

fn main() {
    let _ = uses_what_is_right;
}
