use copycat::state_machine;

#[state_machine]
trait Set<K> {
    #[read]
    fn largest(&self) -> Option<K>
    where
        K: Ord;
}

fn main() {}
