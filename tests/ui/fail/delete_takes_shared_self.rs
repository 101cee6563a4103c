use copycat::state_machine;

#[state_machine]
trait Bank {
    #[delete]
    fn close(&self, #[key] account: &str);
}

fn main() {}
