//! The service of the members in these tests: a list that keeps all numbers in order.

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

    fn numbers(&self) -> Vec<u64> {
        self.0.clone()
    }
}
