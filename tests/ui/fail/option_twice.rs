use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write(single, single)]
    fn put(&mut self, row: u64);
}

fn main() {}
