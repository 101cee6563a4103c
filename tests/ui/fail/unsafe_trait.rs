use copycat::state_machine;

#[state_machine]
unsafe trait Bank {
    #[read]
    fn len(&self) -> u64;
}

fn main() {}
