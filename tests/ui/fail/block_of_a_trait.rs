use copycat::state_machine;

struct Ledger(u64);

trait Bank {
    type Currency;
    fn deposit(&mut self, cents: u64) -> u64;
}

#[state_machine]
impl Bank for Ledger {
    type Currency = u64;
    #[write]
    fn deposit(&mut self, cents: u64) -> u64 {
        self.0 += cents;
        self.0
    }
}

fn main() {
    let _ = Ledger(7).deposit(1);
}
