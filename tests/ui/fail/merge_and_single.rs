use copycat::state_machine;

#[state_machine]
trait Bank {
    #[read(merge = sum, single)]
    fn len(&self) -> u64;
}

fn main() {}
