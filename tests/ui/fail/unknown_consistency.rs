use copycat::state_machine;

#[state_machine]
trait Bank {
    #[read(consistency = strong)]
    fn len(&self) -> u64;
}

fn main() {}
