use copycat::state_machine;

#[state_machine]
struct Bank(u64);

fn main() {
    let _ = Bank(7).0;
}
