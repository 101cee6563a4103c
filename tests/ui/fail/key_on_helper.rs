use copycat::state_machine;

#[state_machine]
trait Bank {
    fn put(&mut self, #[key] row: u64) {
        let _ = row;
    }
}

fn main() {}
