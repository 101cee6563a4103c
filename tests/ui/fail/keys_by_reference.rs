use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write]
    fn put_all(&mut self, #[key(each.0)] rows: &Vec<(u64, String)>);
}

fn main() {}
