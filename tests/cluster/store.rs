//! The state machines under test.

use copycat::state_machine;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Numbers by name, with all operations that the tests need.
#[state_machine]
pub(crate) trait Store {
    /// Sets a number. Returns the one before.
    #[write]
    fn put(&mut self, #[key] key: String, value: u64) -> Option<u64>;

    /// Adds to a number, which starts at 0. Returns the sum.
    #[write]
    fn add(&mut self, #[key] key: &str, by: u64) -> u64;

    /// Writes the number, then panics.
    #[write]
    fn explode(&mut self, #[key] key: String, value: u64) -> u64;

    /// Panics.
    #[read]
    fn explode_reading(&self, #[key] key: &str) -> u64;

    /// Calls a blocking proxy from within the state, and returns the code of the error it gets.
    #[write]
    fn call_back(&mut self, #[key] key: String) -> u16;

    /// Returns the number of a name.
    #[read]
    fn get(&self, #[key] key: &str) -> Option<u64>;

    /// Returns the number of names.
    #[read(merge = sum)]
    fn len(&self) -> u64;

    /// Returns everything, in order within a partition.
    #[read(merge = concat)]
    fn dump(&self) -> Vec<(String, u64)>;
}

/// The proxy that [`Store::call_back`] blocks on.
pub(crate) static CALLED_BACK: Mutex<Option<SyncStore>> = Mutex::new(None);

/// The numbers.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Numbers(BTreeMap<String, u64>);

impl Store for Numbers {
    fn put(&mut self, key: String, value: u64) -> Option<u64> {
        self.0.insert(key, value)
    }

    fn add(&mut self, key: &str, by: u64) -> u64 {
        let sum = self.0.entry(key.to_owned()).or_default();
        *sum += by;
        *sum
    }

    fn explode(&mut self, key: String, value: u64) -> u64 {
        self.0.insert(key, value);
        std::panic::resume_unwind(Box::new("planned"))
    }

    fn explode_reading(&self, _key: &str) -> u64 {
        std::panic::resume_unwind(Box::new("planned"))
    }

    fn call_back(&mut self, key: String) -> u16 {
        let proxy = CALLED_BACK.lock().unwrap_or_else(PoisonError::into_inner).clone();
        proxy.map_or(0, |proxy| proxy.get(&key).map_or_else(|error| error.code(), |_| 0))
    }

    fn get(&self, key: &str) -> Option<u64> {
        self.0.get(key).copied()
    }

    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn dump(&self) -> Vec<(String, u64)> {
        self.0.iter().map(|(key, value)| (key.clone(), *value)).collect()
    }
}

/// Byte values by byte keys, of every size that is allowed.
#[state_machine]
pub(crate) trait Blobs {
    /// Keeps a value. Returns its length.
    #[write]
    fn keep(&mut self, #[key] key: &[u8], value: &[u8]) -> u64;

    /// Returns the value of a key.
    #[read]
    fn fetch(&self, #[key] key: &[u8]) -> Vec<u8>;

    /// Keeps a value of no bytes under a key of no bytes.
    #[write]
    fn keep_nothing(&mut self, #[key] key: (), value: ()) -> u64;

    /// Returns as many bytes as asked for.
    #[read]
    fn long(&self, bytes: u64) -> Vec<u8>;
}

/// The state of [`Blobs`].
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Bag(BTreeMap<Vec<u8>, Vec<u8>>);

impl Blobs for Bag {
    fn keep(&mut self, key: &[u8], value: &[u8]) -> u64 {
        self.0.insert(key.to_vec(), value.to_vec());
        value.len() as u64
    }

    fn fetch(&self, key: &[u8]) -> Vec<u8> {
        self.0.get(key).cloned().unwrap_or_default()
    }

    fn keep_nothing(&mut self, _key: (), _value: ()) -> u64 {
        0
    }

    fn long(&self, bytes: u64) -> Vec<u8> {
        vec![0; bytes as usize]
    }
}
