use copycat::state_machine;

#[state_machine(partitions = 4)]
trait Bank {
    #[read]
    fn len(&self) -> u64;
}

fn main() {}
