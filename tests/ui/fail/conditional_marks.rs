use copycat::state_machine;

#[state_machine]
trait Bank {
    #[cfg_attr(test, write)]
    fn deposit(&mut self, #[cfg_attr(test, key)] account: String, cents: u64) -> u64;
    #[cfg_attr(all(), read(consistency = lease))]
    fn total(&self) -> u64;
}

fn main() {}
