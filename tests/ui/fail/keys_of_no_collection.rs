use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write]
    fn put_all(&mut self, #[key(each)] row: u64);
}

fn main() {}
