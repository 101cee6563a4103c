//! The service that is measured: plain keys and values.

use super::arguments::{Operation, Options};
use super::load::Client;
use copycat::{Consistency, Error, Proxy, state_machine};
use serde::{Deserialize, Serialize};
use serde_bytes::{ByteBuf, Bytes};
use std::collections::HashMap;
use std::sync::Arc;

/// Name of the resource.
pub(crate) const NAME: &str = "store";

/// Keys and values.
#[state_machine]
pub(crate) trait Store {
    /// Sets a key's value.
    #[write(supersedes(put))]
    fn put(&mut self, #[key] key: &[u8], value: &[u8]);
    /// Returns a key's value.
    #[read]
    fn get(&self, #[key] key: &[u8]) -> Option<ByteBuf>;
}

/// The state: all keys and their values.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Values(HashMap<ByteBuf, ByteBuf>);

impl Store for Values {
    fn put(&mut self, key: &[u8], value: &[u8]) {
        match self.0.get_mut(Bytes::new(key)) {
            Some(old) => {
                old.clear();
                old.extend_from_slice(value);
            }
            None => drop(self.0.insert(ByteBuf::from(key), ByteBuf::from(value))),
        }
    }

    fn get(&self, key: &[u8]) -> Option<ByteBuf> {
        self.0.get(Bytes::new(key)).cloned()
    }
}

/// Creates `count` clients, which share the proxies evenly.
pub(crate) fn clients(
    proxies: &[AsyncStore],
    operation: Operation,
    count: usize,
    options: &Options,
) -> Vec<impl Client> {
    let value: Arc<[u8]> = value(options.value).into();
    let client = |number: usize| StoreClient {
        proxy: consistent(&proxies[number % proxies.len()], operation),
        operation,
        random: fastrand::Rng::with_seed(number as u64),
        keys: options.keys,
        value: value.clone(),
    };
    (0..count).map(client).collect()
}

fn consistent(proxy: &AsyncStore, operation: Operation) -> AsyncStore {
    match operation {
        Operation::Write | Operation::Strict => proxy.with_consistency(Consistency::Strict),
        Operation::Lease => proxy.with_consistency(Consistency::Lease),
        Operation::Eventual => proxy.with_consistency(Consistency::Eventual),
    }
}

struct StoreClient {
    proxy: AsyncStore,
    operation: Operation,
    random: fastrand::Rng,
    keys: u64,
    value: Arc<[u8]>,
}

impl Client for StoreClient {
    async fn once(&mut self) -> Result<(), Error> {
        let key = key(self.random.u64(0..self.keys));
        match self.operation {
            Operation::Write => self.proxy.put(&key, &self.value).await,
            _ => self.proxy.get(&key).await.map(drop),
        }
    }
}

/// Returns the key of a number: 16 bytes.
pub(crate) fn key(number: u64) -> [u8; 16] {
    let mut key = *b"key-000000000000";
    let mut rest = number;
    for digit in key[4..].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    key
}

/// Returns a value of `len` bytes.
pub(crate) fn value(len: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(11);
    std::iter::repeat_with(|| random.u8(..)).take(len).collect()
}
