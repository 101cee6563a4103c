use copycat::state_machine;

#[state_machine]
trait Bank {
    make_methods!();
}

fn main() {}
