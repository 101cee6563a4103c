//! Code that is generic over a machine's parameters repeats the bounds that serde needs, and no others.
#![deny(warnings)]

use copycat::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

#[state_machine]
pub(crate) trait Map<K, V> {
    #[read]
    fn get(&self, #[key] key: &K) -> Option<V>;
    #[write]
    fn put(&mut self, #[key] key: K, value: V) -> Option<V>;
}

async fn double<K, V>(map: &AsyncMap<K, V>, from: K, to: K) -> Result<(), Error>
where
    K: Serialize + DeserializeOwned + 'static,
    V: Serialize + DeserializeOwned + 'static,
{
    if let Some(value) = map.get(&from).await? {
        map.put(to, value).await?;
    }
    Ok(())
}

fn sendable<T: Send>(_: &T) {}

fn main() {
    let _ = |map: AsyncMap<String, u64>| {
        sendable(&map);
        sendable(&double(&map, String::new(), String::new()));
    };
}
