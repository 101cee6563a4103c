use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write(supersedes(set, helper))]
    fn put(&mut self, #[key] row: u64);
    fn helper(&mut self) {}
}

fn main() {}
