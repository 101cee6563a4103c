//! The smallest one, private, never used: no warning.
#![deny(warnings)]

use copycat::prelude::*;

#[state_machine]
trait Counter {
    fn add(&mut self, amount: u64) -> u64;
}

struct Total(u64);

impl Counter for Total {
    fn add(&mut self, amount: u64) -> u64 {
        self.0 += amount;
        self.0
    }
}

fn main() {
    assert_eq!(Total(1).add(2), 3);
}
