use copycat::state_machine;
use std::borrow::Cow;

#[state_machine]
trait Names {
    #[read]
    fn first(&self) -> Option<Cow<str>>;
}

fn main() {}
