use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write(single)]
    fn put_all(&mut self, #[key(each)] rows: Vec<u64>);
}

fn main() {}
