use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write(consistency = lease)]
    fn put(&mut self, row: u64);
}

fn main() {}
