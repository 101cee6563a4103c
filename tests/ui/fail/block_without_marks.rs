use copycat::prelude::*;

struct Ledger(u64);

#[state_machine]
impl Ledger {
    pub fn deposit(&mut self, cents: u64) {
        self.0 += cents;
    }
}

fn uses(ledger: &AsyncLedger) -> &str {
    ledger.name()
}

fn main() {
    let _ = uses;
    Ledger(7).deposit(1);
}
