use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write]
    fn fill(&mut self, buffer: &mut [u8]);
}

fn main() {}
