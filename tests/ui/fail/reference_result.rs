use copycat::state_machine;

#[state_machine]
trait Bank {
    #[read]
    fn name(&self) -> &str;
    #[read]
    fn title(&self) -> Option<&'static str>;
}

fn main() {}
