use copycat::state_machine;

#[state_machine]
trait Bank {
    #[write]
    fn put<T>(&mut self, value: T);
    #[write]
    fn put_array<const N: usize>(&mut self, value: [u8; N]);
}

fn main() {}
