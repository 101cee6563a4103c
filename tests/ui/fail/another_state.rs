use copycat::state_machine;

#[state_machine]
trait Bank {
    #[read]
    fn len(&self) -> u64;
}

struct Ledger;

fn runs<S: 'static, C: copycat::Dispatch<S>>() {}

fn main() {
    runs::<Ledger, BankCommands>();
}
