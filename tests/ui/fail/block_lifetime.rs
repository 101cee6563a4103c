use copycat::state_machine;

struct Ledger<'a>(&'a str);
struct Store<T>(T);

#[state_machine]
impl<'a> Ledger<'a> {
    #[read]
    fn len(&self) -> u64 {
        self.0.len() as u64
    }
}

#[state_machine]
impl Ledger<'_> {
    #[read]
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[state_machine]
impl Store<&str> {
    #[read]
    fn len(&self) -> u64 {
        self.0.len() as u64
    }
}

fn main() {
    let _ = (Ledger("").len(), Ledger("").is_empty(), Store("").len());
}
