use copycat::state_machine;

struct Ledger(u64);
struct Savings;

#[state_machine]
impl Ledger {
    #[read]
    fn total(&self) -> u64 {
        self.0
    }
}

fn runs<S: 'static, C: copycat::Dispatch<S>>() {}

fn main() {
    runs::<Ledger, LedgerCommands>();
    runs::<Savings, LedgerCommands>();
}
