use copycat::state_machine;

macro_rules! reads {
    ($name:ident) => {
        fn $name(&self) -> u64 {
            self.0
        }
    };
}

struct Ledger(u64);

#[state_machine]
impl Ledger {
    #[write]
    fn deposit(&mut self, cents: u64) {
        self.0 += cents;
    }
    reads!(total);
}

fn main() {
    let mut ledger = Ledger(7);
    ledger.deposit(1);
    let _ = ledger.total();
}
