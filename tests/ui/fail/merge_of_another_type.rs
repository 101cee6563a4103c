use copycat::state_machine;

#[state_machine]
trait Bank {
    #[read(merge = and)]
    fn len(&self) -> u64;
}

fn main() {}
