use copycat::state_machine;

#[state_machine]
trait Bank {
    #[read(merge = Self::join)]
    fn names(&self) -> String;
}

fn main() {}
