//! The methods of a map's proxies that use several commands.

use super::{AsyncMap, SyncMap};
use crate::{Collection, Key, PAGE_LIMIT, Value};
use copycat::{Consistency, Error, Page, PageIter, PageStream, Proxy, update, update_sync};
use std::collections::BTreeMap;

impl<K: Key, V: Value> Collection for AsyncMap<K, V> {
    type State = BTreeMap<K, V>;
}

/// A page, and the key after which the next page begins.
type Entries<K, T> = (Page<T>, Option<K>);

fn with_last_key<K: Key, V>(page: Page<(K, V)>) -> Entries<K, (K, V)> {
    let last = page.items.last().map(|(key, _)| key.clone());
    (page, last)
}

fn values<K: Key, V>(page: Page<(K, V)>) -> Entries<K, V> {
    let (page, last) = with_last_key(page);
    (page.map(|(_, value)| value), last)
}

/// Methods that use several commands.
impl<K: Key, V: Value> AsyncMap<K, V> {
    /// Streams every key and its value, in the order of the keys, read page by page: see [`PageStream`].
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::map(async |map| {
    /// map.put_all(vec![("grace".into(), 85), ("ada".into(), 36)]).await?;
    /// let mut entries = map.iter();
    /// while let Some((name, age)) = entries.next().await.transpose()? {
    ///     println!("{name} is {age}");
    /// }
    /// # Ok(()) });
    /// ```
    pub fn iter(&self) -> PageStream<(K, V)> {
        PageStream::new(
            self,
            |map, after| async move { map.entries(after, PAGE_LIMIT).await.map(with_last_key) },
        )
    }

    /// Streams the value of every key, in the order of the keys, read page by page: see [`PageStream`]. To read
    /// single pages, use [`entries`](Self::entries), which continues after a key.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::map(async |map| {
    /// map.put_all(vec![("grace".into(), 85), ("ada".into(), 36)]).await?;
    /// let mut ages = map.values();
    /// assert_eq!(ages.next().await.transpose()?, Some(36));
    /// # Ok(()) });
    /// ```
    pub fn values(&self) -> PageStream<V> {
        PageStream::new(self, |map, after| async move { map.entries(after, PAGE_LIMIT).await.map(values) })
    }

    /// Replaces the value of a key by the result of `change`, and returns it. `None` means that the key is not in
    /// the map. If another client changed the value meanwhile, `change` is called again. So it may be called often,
    /// and must have no side effects.
    ///
    /// # Errors
    ///
    /// The errors of [`get`](Self::get) and of [`compare_and_set`](Self::compare_and_set), after which nothing is
    /// retried. Also an error if the value is not equal to itself.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::map(async |map| {
    /// let older = |age: Option<u32>| Some(age.map_or(0, |age| age + 1));
    /// assert_eq!(map.update(&"ada".into(), older).await?, Some(0));
    /// assert_eq!(map.update(&"ada".into(), older).await?, Some(1));
    /// # Ok(()) });
    /// ```
    pub async fn update(
        &self,
        key: &K,
        change: impl FnMut(Option<V>) -> Option<V>,
    ) -> Result<Option<V>, Error> {
        let map = self.with_consistency(Consistency::Strict);
        update(|| map.get(key), change, |old, new| map.compare_and_set(key, old, new)).await
    }
}

/// Methods that use several commands.
impl<K: Key, V: Value> SyncMap<K, V> {
    /// Iterates over every key and its value: [`AsyncMap::iter`] for threads that block.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::map(async |map| {
    /// use copycat::AsyncProxy;
    ///
    /// let map = map.to_sync();
    /// map.put("ada".into(), 36)?;
    /// for entry in map.iter() {
    ///     let (name, age) = entry?;
    ///     println!("{name} is {age}");
    /// }
    /// # Ok(()) });
    /// ```
    pub fn iter(&self) -> PageIter<(K, V)> {
        PageIter::new(self, |map, after| map.entries(after, PAGE_LIMIT).map(with_last_key))
    }

    /// Iterates over the value of every key: [`AsyncMap::values`] for threads that block.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::map(async |map| {
    /// use copycat::AsyncProxy;
    ///
    /// let map = map.to_sync();
    /// map.put_all(vec![("grace".into(), 85), ("ada".into(), 36)])?;
    /// assert_eq!(map.values().collect::<Result<Vec<_>, _>>()?, [36, 85]);
    /// # Ok(()) });
    /// ```
    pub fn values(&self) -> PageIter<V> {
        PageIter::new(self, |map, after| map.entries(after, PAGE_LIMIT).map(values))
    }

    /// Replaces the value of a key: [`AsyncMap::update`] for threads that block.
    ///
    /// # Errors
    ///
    /// The errors of [`AsyncMap::update`].
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::map(async |map| {
    /// use copycat::AsyncProxy;
    ///
    /// let map = map.to_sync();
    /// map.put("ada".into(), 36)?;
    /// assert_eq!(map.update(&"ada".into(), |age| age.map(|age| age + 1))?, Some(37));
    /// # Ok(()) });
    /// ```
    pub fn update(&self, key: &K, change: impl FnMut(Option<V>) -> Option<V>) -> Result<Option<V>, Error> {
        let map = self.with_consistency(Consistency::Strict);
        update_sync(|| map.get(key), change, |old, new| map.compare_and_set(key, old, new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crosses<T: Send>(_: T) {}

    #[allow(dead_code)]
    fn futures_cross_threads<K: Key, V: Value>(map: &AsyncMap<K, V>, key: &K) {
        crosses(map.update(key, |old| old));
        crosses(map.get(key));
        crosses(map.iter());
    }
}
