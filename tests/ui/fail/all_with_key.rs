use copycat::state_machine;

#[state_machine]
trait Bank {
    #[delete(all)]
    fn clear(&mut self, #[key] row: u64);
}

fn main() {}
