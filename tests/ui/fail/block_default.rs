use copycat::state_machine;

struct Ledger(u64);

#[state_machine]
default impl Ledger {
    #[read]
    fn total(&self) -> u64 {
        self.0
    }
}

struct Savings(u64);

#[state_machine]
impl Savings {
    #[read]
    default fn total(&self) -> u64 {
        self.0
    }
}

fn main() {
    let _ = (Ledger(7).total(), Savings(7).total());
}
