use copycat::state_machine;

#[state_machine]
trait Bank {
    #[read]
    fn names(&self) -> impl Iterator<Item = String>;
}

fn main() {}
