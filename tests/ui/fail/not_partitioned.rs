use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write]
    fn deposit(&mut self, cents: u64);
}

fn spread<C: copycat::Partitioned>() {}

fn main() {
    spread::<BankCommands>();
}
