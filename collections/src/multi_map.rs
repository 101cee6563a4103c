//! A replicated map with several values for each key.

use crate::{Collection, Key, PAGE_LIMIT, with_last};
use copycat::{Page, PageIter, PageStream, state_machine};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// A map from keys to sets of values, in the order of its keys and of their values: a replicated
/// `BTreeMap<K, BTreeSet<V>>`. An entry is a key and one of its values. A key without values is not in the map.
#[state_machine]
pub trait MultiMap<K: Ord, V: Ord> {
    /// Returns all values of a key, in their order. If they are too many for one answer, this is an error: read
    /// [`entries`](Self::entries) page by page then.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::multi_map(async |multi_map| {
    /// multi_map.put("ada".into(), "poet".into()).await?;
    /// multi_map.put("ada".into(), "engineer".into()).await?;
    /// assert_eq!(multi_map.get(&"ada".into()).await?, ["engineer", "poet"]);
    /// # Ok(()) });
    /// ```
    #[read]
    fn get(&self, #[key] key: &K) -> Vec<V>;

    /// Returns whether a key has any value.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::multi_map(async |multi_map| {
    /// multi_map.put("ada".into(), "poet".into()).await?;
    /// assert!(multi_map.contains_key(&"ada".into()).await?);
    /// # Ok(()) });
    /// ```
    #[read]
    fn contains_key(&self, #[key] key: &K) -> bool;

    /// Returns whether a key has this value.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::multi_map(async |multi_map| {
    /// multi_map.put("ada".into(), "poet".into()).await?;
    /// assert!(!multi_map.contains_entry(&"ada".into(), &"king".into()).await?);
    /// # Ok(()) });
    /// ```
    #[read]
    fn contains_entry(&self, #[key] key: &K, value: &V) -> bool;

    /// Returns the number of keys.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::multi_map(async |multi_map| {
    /// multi_map.put("ada".into(), "poet".into()).await?;
    /// multi_map.put("ada".into(), "engineer".into()).await?;
    /// assert_eq!(multi_map.key_len().await?, 1);
    /// # Ok(()) });
    /// ```
    #[read(merge = sum)]
    fn key_len(&self) -> u64;

    /// Returns the number of entries: the values of all keys.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::multi_map(async |multi_map| {
    /// multi_map.put("ada".into(), "poet".into()).await?;
    /// multi_map.put("ada".into(), "engineer".into()).await?;
    /// assert_eq!(multi_map.len().await?, 2);
    /// # Ok(()) });
    /// ```
    #[read(merge = sum)]
    fn len(&self) -> u64;

    /// Returns whether the map is empty.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::multi_map(async |multi_map| {
    /// assert!(multi_map.is_empty().await?);
    /// # Ok(()) });
    /// ```
    #[read(merge = and)]
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns at most `limit` keys after the key `after`, which need not be in the map; without it, from the first
    /// key on.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::multi_map(async |multi_map| {
    /// multi_map.put("ada".into(), "poet".into()).await?;
    /// assert_eq!(multi_map.keys(None, 100).await?.items, ["ada"]);
    /// # Ok(()) });
    /// ```
    #[read(merge = Page::merge)]
    fn keys(&self, after: Option<K>, limit: u64) -> Page<K>;

    /// Returns at most `limit` entries after the entry `after`, which need not be in the map; without it, from the
    /// first entry on.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::multi_map(async |multi_map| {
    /// multi_map.put("ada".into(), "poet".into()).await?;
    /// let page = multi_map.entries(None, 100).await?;
    /// assert_eq!(page.items, [("ada".into(), "poet".into())]);
    /// # Ok(()) });
    /// ```
    #[read(merge = Page::merge)]
    fn entries(&self, after: Option<(K, V)>, limit: u64) -> Page<(K, V)>;

    /// Adds a value to a key; returns whether it is new for the key.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::multi_map(async |multi_map| {
    /// assert!(multi_map.put("ada".into(), "poet".into()).await?);
    /// assert!(!multi_map.put("ada".into(), "poet".into()).await?);
    /// # Ok(()) });
    /// ```
    // The other values of the key stay, so it makes no earlier command obsolete.
    #[write]
    fn put(&mut self, #[key] key: K, value: V) -> bool;

    /// Removes a value from a key; returns whether the key had it.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::multi_map(async |multi_map| {
    /// multi_map.put("ada".into(), "poet".into()).await?;
    /// assert!(multi_map.remove(&"ada".into(), &"poet".into()).await?);
    /// # Ok(()) });
    /// ```
    #[write]
    fn remove(&mut self, #[key] key: &K, value: &V) -> bool;

    /// Removes all values from a key; returns how many were removed.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::multi_map(async |multi_map| {
    /// multi_map.put("ada".into(), "poet".into()).await?;
    /// assert_eq!(multi_map.remove_all(&"ada".into()).await?, 1);
    /// # Ok(()) });
    /// ```
    // No effect of earlier commands on the key remains.
    #[delete(supersedes(put, remove, remove_all))]
    fn remove_all(&mut self, #[key] key: &K) -> u64;

    /// Removes all entries, partition by partition.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::multi_map(async |multi_map| {
    /// multi_map.put("ada".into(), "poet".into()).await?;
    /// multi_map.clear().await?;
    /// assert!(multi_map.is_empty().await?);
    /// # Ok(()) });
    /// ```
    #[delete(all)]
    fn clear(&mut self);
}

/// The state of a [`MultiMap`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pairs<K: Ord, V: Ord> {
    values: BTreeMap<K, BTreeSet<V>>,
    /// The number of values of all keys together. Counting them would take longer the more keys there are.
    len: u64,
}

impl<K: Ord, V: Ord> Default for Pairs<K, V> {
    fn default() -> Self {
        Pairs { values: BTreeMap::new(), len: 0 }
    }
}

impl<K: Ord + Clone + Serialize, V: Ord + Clone + Serialize> MultiMap<K, V> for Pairs<K, V> {
    fn get(&self, key: &K) -> Vec<V> {
        self.values.get(key).into_iter().flatten().cloned().collect()
    }

    fn contains_key(&self, key: &K) -> bool {
        self.values.contains_key(key)
    }

    fn contains_entry(&self, key: &K, value: &V) -> bool {
        self.values.get(key).is_some_and(|values| values.contains(value))
    }

    fn key_len(&self) -> u64 {
        self.values.len() as u64
    }

    fn len(&self) -> u64 {
        self.len
    }

    fn keys(&self, after: Option<K>, limit: u64) -> Page<K> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        Page::take(self.values.range((from, Bound::Unbounded)).map(|(key, _)| key.clone()), limit)
    }

    fn entries(&self, after: Option<(K, V)>, limit: u64) -> Page<(K, V)> {
        let (key, value) = after.unzip();
        let from = key.as_ref().map_or(Bound::Unbounded, Bound::Included);
        let keys = self.values.range((from, Bound::Unbounded));
        let entries = keys.flat_map(|(at, values)| {
            // Only the first key may have values that the caller has seen already.
            let seen = value.clone().filter(|_| key.as_ref() == Some(at));
            let from = seen.map_or(Bound::Unbounded, Bound::Excluded);
            values.range((from, Bound::Unbounded)).map(|value| (at.clone(), value.clone()))
        });
        Page::take(entries, limit)
    }

    fn put(&mut self, key: K, value: V) -> bool {
        let new = self.values.entry(key).or_default().insert(value);
        self.len += u64::from(new);
        new
    }

    fn remove(&mut self, key: &K, value: &V) -> bool {
        let Some(values) = self.values.get_mut(key) else { return false };
        let removed = values.remove(value);
        if values.is_empty() {
            self.values.remove(key);
        }
        self.len -= u64::from(removed);
        removed
    }

    fn remove_all(&mut self, key: &K) -> u64 {
        let removed = self.values.remove(key).map_or(0, |values| values.len() as u64);
        self.len -= removed;
        removed
    }

    fn clear(&mut self) {
        *self = Pairs::default();
    }
}

impl<K: Key, V: Key> Collection for AsyncMultiMap<K, V> {
    type State = Pairs<K, V>;
}

/// Methods that use several commands.
impl<K: Key, V: Key> AsyncMultiMap<K, V> {
    /// Streams every entry, in order, read page by page: see [`PageStream`].
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::multi_map(async |multi_map| {
    /// multi_map.put("ada".into(), "poet".into()).await?;
    /// let mut entries = multi_map.iter();
    /// while let Some((name, role)) = entries.next().await.transpose()? {
    ///     println!("{name} is a {role}");
    /// }
    /// # Ok(()) });
    /// ```
    pub fn iter(&self) -> PageStream<(K, V)> {
        PageStream::new(self, |map, after| async move { map.entries(after, PAGE_LIMIT).await.map(with_last) })
    }
}

/// Methods that use several commands.
impl<K: Key, V: Key> SyncMultiMap<K, V> {
    /// Iterates over every entry: [`AsyncMultiMap::iter`] for threads that block.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::multi_map(async |multi_map| {
    /// use copycat::AsyncProxy;
    ///
    /// let multi_map = multi_map.to_sync();
    /// multi_map.put("ada".into(), "poet".into())?;
    /// for entry in multi_map.iter() {
    ///     let (name, role) = entry?;
    ///     println!("{name} is a {role}");
    /// }
    /// # Ok(()) });
    /// ```
    pub fn iter(&self) -> PageIter<(K, V)> {
        PageIter::new(self, |map, after| map.entries(after, PAGE_LIMIT).map(with_last))
    }
}
