use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write]
    fn put(&mut self, (key, value): (u64, u64)) {
        let _ = (key, value);
    }
    #[write]
    fn drop(&mut self, _: u64) {}
}

fn main() {}
