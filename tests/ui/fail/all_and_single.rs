use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write(all, single)]
    fn clear(&mut self);
}

fn main() {}
