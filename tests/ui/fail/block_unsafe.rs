use copycat::state_machine;

struct Ledger(u64);

#[state_machine]
unsafe impl Ledger {
    #[read]
    fn total(&self) -> u64 {
        self.0
    }
}

fn main() {
    let _ = Ledger(7).total();
}
