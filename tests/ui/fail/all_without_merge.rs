use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write(all)]
    fn clear(&mut self) -> u64;
}

fn main() {}
