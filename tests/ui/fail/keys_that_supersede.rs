use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write]
    fn put(&mut self, #[key] row: u64);
    #[write(supersedes(put))]
    fn put_all(&mut self, #[key(each)] rows: Vec<u64>);
}

fn main() {}
