//! The next version of `service.rs`, with two commands more.

use copycat::state_machine;
use serde::{Deserialize, Serialize};

/// The name of the resource.
pub(crate) const NAME: &str = "entries";

/// A list of numbered notes.
#[state_machine]
pub(crate) trait Entries {
    /// Appends a number, and a note that is only sent and sent back. Returns the note.
    #[write]
    fn append(&mut self, number: u64, note: String) -> String;

    /// Removes all numbers. Returns how many there were.
    #[write]
    fn clear(&mut self) -> u64;

    /// Returns how many numbers there are.
    #[read]
    fn count(&self) -> u64;

    /// Returns all numbers, in their order.
    #[read]
    fn numbers(&self) -> Vec<u64>;
}

/// The list.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct List(Vec<u64>);

impl Entries for List {
    fn append(&mut self, number: u64, note: String) -> String {
        self.0.push(number);
        note
    }

    fn clear(&mut self) -> u64 {
        std::mem::take(&mut self.0).len() as u64
    }

    fn count(&self) -> u64 {
        self.0.len() as u64
    }

    fn numbers(&self) -> Vec<u64> {
        self.0.clone()
    }
}
