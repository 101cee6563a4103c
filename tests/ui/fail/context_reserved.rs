use copycat::state_machine;

struct Context;

#[state_machine]
trait Lock {
    #[write]
    fn acquire(&mut self, #[key] name: String, #[context] cx: &mut Context) -> u64;
}

fn main() {}
