use copycat::state_machine;

#[state_machine]
trait Bank {
    #[read]
    fn limit() -> u64;
    fn name() -> String;
}

fn main() {}
