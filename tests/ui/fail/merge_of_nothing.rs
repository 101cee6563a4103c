use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write(all, merge = sum)]
    fn clear(&mut self);
}

fn main() {}
