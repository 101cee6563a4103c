use copycat::state_machine;

#[state_machine]
trait Bank {
    #[read(consistent = lease, merge = sum)]
    fn len(&self) -> u64;
    #[write(key = row)]
    fn put(&mut self, row: u64);
}

fn main() {}
