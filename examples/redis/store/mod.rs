//! The replicated state: keys and values, and the commands that change them. Knows nothing of Redis'
//! protocol, nor of any cluster. Begin with [`Store`], the trait; [`Table`] is what implements it.

mod slice;
mod table;

pub(crate) use slice::Slice;
pub(crate) use table::Table;

use bytes::Bytes;
use copycat::state_machine;
use serde::{Deserialize, Serialize};

/// Longest value, in bytes: with a key of any length, and as a result, it fits into one command of the log.
pub const VALUE_LEN_MAX: usize = (4 << 20) - (128 << 10);

/// Keys and values. Every command is one step, on all its keys.
///
/// A method names those it `supersedes` only if the state after it is the same whatever they did to its key.
#[state_machine]
pub(crate) trait Store {
    /// The value of a key.
    #[read]
    fn get(&self, #[key] key: Slice<'_>) -> Option<Bytes>;

    /// The values of several keys, in their order.
    #[read]
    fn get_many(&self, keys: Vec<Slice<'_>>) -> Vec<Option<Bytes>>;

    /// Bytes of a value; 0 of one that is not there.
    #[read]
    fn len_of(&self, #[key] key: Slice<'_>) -> u64;

    /// How many of the keys are there; one that is named twice counts twice.
    #[read]
    fn count(&self, keys: Vec<Slice<'_>>) -> u64;

    /// How many keys there are.
    #[read]
    fn size(&self) -> u64;

    /// Sets a key.
    #[write(supersedes(set, exchange, set_if, remove, increment, append, compare_and_set))]
    fn set(&mut self, #[key] key: Slice<'_>, value: Slice<'_>);

    /// Sets a key, and returns what it held.
    #[write(supersedes(set, exchange, set_if, remove, increment, append, compare_and_set))]
    fn exchange(&mut self, #[key] key: Slice<'_>, value: Slice<'_>) -> Option<Bytes>;

    /// Sets a key if it is there, or if it is not; returns whether it did, and what the key held.
    #[write]
    fn set_if(&mut self, #[key] key: Slice<'_>, value: Slice<'_>, present: bool) -> (bool, Option<Bytes>);

    /// Sets several keys. Of one that is named twice, the last value counts.
    #[write]
    fn set_many(&mut self, pairs: Vec<(Slice<'_>, Slice<'_>)>);

    /// Removes a key; whether it was there.
    #[delete(supersedes(set, exchange, set_if, remove, increment, append, compare_and_set))]
    fn remove(&mut self, #[key] key: Slice<'_>) -> bool;

    /// Removes several keys, and returns how many were there.
    #[write]
    fn remove_many(&mut self, keys: Vec<Slice<'_>>) -> u64;

    /// Removes all keys.
    #[write]
    fn clear(&mut self);

    /// Adds to a value that is a decimal number, 0 if it is not there; returns the sum. Changes nothing if
    /// it refuses.
    #[write]
    fn increment(&mut self, #[key] key: Slice<'_>, by: i64) -> Result<i64, Refused>;

    /// Appends to a value, empty if it is not there; returns its length. Changes nothing if it refuses.
    #[write]
    fn append(&mut self, #[key] key: Slice<'_>, more: Slice<'_>) -> Result<u64, Refused>;

    /// Sets a key if it holds `old`, where nothing is the same as an empty value; whether it did.
    #[write]
    fn compare_and_set(&mut self, #[key] key: Slice<'_>, old: Slice<'_>, new: Slice<'_>) -> bool;
}

/// Why a command changed nothing. The same on every replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Refused {
    /// The value is no number of 64 bits.
    NotAnInteger,
    /// The sum is no number of 64 bits.
    Overflow,
    /// The value would be longer than [`VALUE_LEN_MAX`].
    TooLong,
}
