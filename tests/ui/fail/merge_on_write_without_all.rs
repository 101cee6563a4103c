use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write(merge = sum)]
    fn clear(&mut self) -> u64;
}

fn main() {}
