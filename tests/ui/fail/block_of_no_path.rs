use copycat::state_machine;

struct Ledger(u64);

trait Bank {
    fn cents(&self) -> u64;
}

#[state_machine]
impl [u8] {
    #[read]
    fn total(&self) -> u64 {
        7
    }
}

#[state_machine]
impl &Ledger {
    #[read]
    fn total(&self) -> u64 {
        self.0
    }
}

#[state_machine]
impl dyn Bank {
    #[read]
    fn total(&self) -> u64 {
        self.cents()
    }
}

fn main() {}
