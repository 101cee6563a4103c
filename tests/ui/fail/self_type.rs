use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write]
    fn merge(&mut self, other: Self)
    where
        Self: Sized;
    #[read]
    fn copy(&self) -> Option<Box<Self>>;
}

fn main() {}
