use copycat::state_machine;

#[state_machine]
trait Bank {
    #[read]
    fn first<'a>(&'a self, names: &'a str) -> u64;
}

fn main() {}
