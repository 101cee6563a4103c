use copycat::state_machine;

#[state_machine]
trait Bank<'a> {
    #[read]
    fn len(&self) -> u64;
}

fn main() {}
