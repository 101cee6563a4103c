//! The replicated state: keys and values, and the commands that change them. It does not depend on Redis' protocol or
//! on any cluster. Begin with [`Store`], the trait; [`Table`] implements it.

mod digest;
mod slice;
mod table;

pub(crate) use digest::Digest;
pub(crate) use slice::Slice;
pub(crate) use table::Table;

use bytes::Bytes;
use copycat::state_machine;
use serde::{Deserialize, Serialize};

/// Keys and values. Every command is one step, on all its keys.
///
/// A method may name another in `supersedes` only if the state after it does not depend on what the other did to its
/// key.
#[state_machine]
pub(crate) trait Store {
    /// Returns the value of a key.
    #[read]
    fn get(&self, #[key] key: Slice<'_>) -> Option<Bytes>;

    /// Returns the values of several keys, in their order. If they do not fit one result, it returns those of the first
    /// keys, at least of one.
    #[read]
    fn get_many(&self, keys: Vec<Slice<'_>>) -> Vec<Option<Bytes>>;

    /// Returns a digest of the values of several keys.
    #[read]
    fn digest(&self, keys: Vec<Slice<'_>>, salt: u64) -> Digest;

    /// Returns the length of a value in bytes; 0 if the key does not exist.
    #[read]
    fn len_of(&self, #[key] key: Slice<'_>) -> u64;

    /// Returns how many of the keys exist. A key that is named twice counts twice.
    #[read]
    fn count(&self, keys: Vec<Slice<'_>>) -> u64;

    /// Returns the number of keys.
    #[read]
    fn size(&self) -> u64;

    /// Sets a key.
    #[write(supersedes(set, exchange, set_if, remove, increment, append, compare_and_set))]
    fn set(&mut self, #[key] key: Slice<'_>, value: Slice<'_>);

    /// Sets a key, and returns its previous value.
    #[write(supersedes(set, exchange, set_if, remove, increment, append, compare_and_set))]
    fn exchange(&mut self, #[key] key: Slice<'_>, value: Slice<'_>) -> Option<Bytes>;

    /// Sets a key if it exists (`present`) or if it does not. Returns whether it was set, and the previous value.
    #[write]
    fn set_if(&mut self, #[key] key: Slice<'_>, value: Slice<'_>, present: bool) -> (bool, Option<Bytes>);

    /// Sets several keys. If a key is named twice, the last value counts.
    #[write]
    fn set_many(&mut self, pairs: Vec<(Slice<'_>, Slice<'_>)>);

    /// Removes a key. Returns whether it existed.
    #[delete(supersedes(set, exchange, set_if, remove, increment, append, compare_and_set))]
    fn remove(&mut self, #[key] key: Slice<'_>) -> bool;

    /// Removes several keys, and returns how many existed.
    #[write]
    fn remove_many(&mut self, keys: Vec<Slice<'_>>) -> u64;

    /// Removes all keys.
    #[write]
    fn clear(&mut self);

    /// Adds to a decimal number, 0 if the key does not exist, and returns the sum. An error changes nothing.
    #[write]
    fn increment(&mut self, #[key] key: Slice<'_>, by: i64) -> Result<i64, Refused>;

    /// Appends to a value, empty if the key does not exist, and returns its length. An error changes nothing.
    #[write]
    fn append(&mut self, #[key] key: Slice<'_>, more: Slice<'_>) -> Result<u64, Refused>;

    /// Sets a key if its value is `old`; a missing key counts as an empty value. Returns whether it was set.
    #[write]
    fn compare_and_set(&mut self, #[key] key: Slice<'_>, old: Slice<'_>, new: Slice<'_>) -> bool;
}

/// The reason why a command changed nothing. It is the same on every replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Refused {
    /// The value is not a 64-bit number.
    NotAnInteger,
    /// The sum is not a 64-bit number.
    Overflow,
    /// The value would be longer than [`VALUE_LEN_MAX`](crate::limits::VALUE_LEN_MAX).
    TooLong,
}
