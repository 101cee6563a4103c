use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write]
    fn put_all(&mut self, #[key(each)] rows: Vec<u64>) -> u64;
}

fn main() {}
