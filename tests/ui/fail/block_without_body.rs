use copycat::state_machine;

struct Ledger;

#[state_machine]
impl Ledger {
    #[write]
    pub fn deposit(&mut self, #[key] account: &str, cents: u64) -> u64;
}

fn main() {
    let _ = Ledger.deposit("ada", 1);
}
