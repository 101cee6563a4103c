//! A user's own trait with two methods of `Map`, written without collections. `bench pairs` compares `Map` with it.

use copycat::state_machine;
use serde_bytes::ByteBuf;
use std::collections::BTreeMap;

/// Keys and values, as `Map` has them.
// `&String` corresponds to the `&K` of `Map`, so that the signatures are the same.
#[allow(clippy::ptr_arg)]
#[state_machine]
pub(crate) trait HandWritten {
    /// Sets a key's value. Returns the previous one.
    #[write(supersedes(put))]
    fn put(&mut self, #[key] key: String, value: ByteBuf) -> Option<ByteBuf>;
    /// Returns a key's value.
    #[read]
    fn get(&self, #[key] key: &String) -> Option<ByteBuf>;
}

impl HandWritten for BTreeMap<String, ByteBuf> {
    fn put(&mut self, key: String, value: ByteBuf) -> Option<ByteBuf> {
        self.insert(key, value)
    }

    fn get(&self, key: &String) -> Option<ByteBuf> {
        self.get(key).cloned()
    }
}
