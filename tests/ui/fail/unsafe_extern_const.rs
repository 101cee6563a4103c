use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write]
    unsafe fn deposit(&mut self, cents: u64);
    #[read]
    extern "C" fn balance(&self) -> u64;
}

fn main() {}
