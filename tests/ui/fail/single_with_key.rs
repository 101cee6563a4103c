use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write(single)]
    fn put(&mut self, #[key] row: u64);
}

fn main() {}
