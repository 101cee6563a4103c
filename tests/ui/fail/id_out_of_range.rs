use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write(id = 0)]
    fn put(&mut self, row: u64);
    #[write(id = 0x1_0000_0000)]
    fn add(&mut self, row: u64);
}

fn main() {}
