//! What a user would write who needs two methods of `Map` and knows no collections: the yardstick of `bench pairs`.

use copycat::state_machine;
use serde_bytes::ByteBuf;
use std::collections::BTreeMap;

/// Keys and values, as `Map` has them.
// `&String` is what `&K` is there: the signatures are to be the same.
#[allow(clippy::ptr_arg)]
#[state_machine]
pub(crate) trait HandWritten {
    /// Sets a key's value; returns the one before.
    #[write(supersedes(put))]
    fn put(&mut self, #[key] key: String, value: ByteBuf) -> Option<ByteBuf>;
    /// A key's value.
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
