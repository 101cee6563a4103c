use copycat::state_machine;

/// Has no bytes.
pub struct Money(u64);

#[state_machine]
pub trait Bank {
    #[write]
    fn deposit(&mut self, money: Money);
    #[read]
    fn balance(&self) -> Option<Money>;
}

fn main() {}
