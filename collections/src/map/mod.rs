//! A replicated map whose keys are ordered. Its commands are declared here and implemented in [`state`]. [`proxy`]
//! adds methods that use several commands to the proxies.

mod proxy;
mod state;

use copycat::{Page, state_machine};
use std::collections::BTreeMap;
use std::ops::Bound;

/// A map from keys to values, in the order of its keys: a replicated `BTreeMap`.
#[state_machine]
pub trait Map<K: Ord, V> {
    /// Returns the value of a key, or `None` if the key is not in the map.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::map(async |map| {
    /// map.put("ada".into(), 36).await?;
    /// assert_eq!(map.get(&"ada".into()).await?, Some(36));
    /// assert_eq!(map.get(&"grace".into()).await?, None);
    /// # Ok(()) });
    /// ```
    #[read]
    fn get(&self, #[key] key: &K) -> Option<V>;

    /// Returns the value of a key, or the default given here, which is not put into the map.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::map(async |map| {
    /// assert_eq!(map.get_or_default(&"ada".into(), 18).await?, 18);
    /// assert_eq!(map.get(&"ada".into()).await?, None);
    /// # Ok(()) });
    /// ```
    #[read]
    fn get_or_default(&self, #[key] key: &K, default: V) -> V {
        self.get(key).unwrap_or(default)
    }

    /// Returns whether a key is in the map.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::map(async |map| {
    /// map.put("ada".into(), 36).await?;
    /// assert!(map.contains_key(&"ada".into()).await?);
    /// # Ok(()) });
    /// ```
    #[read]
    fn contains_key(&self, #[key] key: &K) -> bool {
        self.get(key).is_some()
    }

    /// Returns whether some key has this value. Compares every entry.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::map(async |map| {
    /// map.put("ada".into(), 36).await?;
    /// assert!(map.contains_value(&36).await?);
    /// # Ok(()) });
    /// ```
    #[read(merge = or)]
    fn contains_value(&self, value: &V) -> bool;

    /// Returns the number of keys.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::map(async |map| {
    /// map.put("ada".into(), 36).await?;
    /// assert_eq!(map.len().await?, 1);
    /// # Ok(()) });
    /// ```
    #[read(merge = sum)]
    fn len(&self) -> u64;

    /// Returns whether the map is empty.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::map(async |map| {
    /// assert!(map.is_empty().await?);
    /// # Ok(()) });
    /// ```
    #[read(merge = and)]
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the smallest key, or `None` if the map is empty.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::map(async |map| {
    /// map.put_all(vec![("grace".into(), 85), ("ada".into(), 36)]).await?;
    /// assert_eq!(map.first_key().await?, Some("ada".into()));
    /// # Ok(()) });
    /// ```
    #[read(merge = min)]
    fn first_key(&self) -> Option<K>;

    /// Returns the largest key, or `None` if the map is empty.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::map(async |map| {
    /// map.put_all(vec![("grace".into(), 85), ("ada".into(), 36)]).await?;
    /// assert_eq!(map.last_key().await?, Some("grace".into()));
    /// # Ok(()) });
    /// ```
    #[read(merge = max)]
    fn last_key(&self) -> Option<K>;

    /// Returns at most `limit` keys after the key `after`, which need not be in the map; without it, from the first
    /// key on.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::map(async |map| {
    /// map.put_all(vec![("ada".into(), 36), ("grace".into(), 85), ("mary".into(), 92)]).await?;
    /// let first = map.keys(None, 2).await?;
    /// assert_eq!((first.items.concat(), first.more), ("adagrace".into(), true));
    /// let second = map.keys(first.items.last().cloned(), 2).await?;
    /// assert_eq!((second.items.concat(), second.more), ("mary".into(), false));
    /// # Ok(()) });
    /// ```
    #[read(merge = Page::merge)]
    fn keys(&self, after: Option<K>, limit: u64) -> Page<K>;

    /// Returns at most `limit` keys after the key `after`, with their values.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::map(async |map| {
    /// map.put("ada".into(), 36).await?;
    /// assert_eq!(map.entries(None, 100).await?.items, [("ada".into(), 36)]);
    /// # Ok(()) });
    /// ```
    #[read(merge = Page::merge_by_key)]
    fn entries(&self, after: Option<K>, limit: u64) -> Page<(K, V)>;

    /// Returns at most `limit` keys within bounds, with their values. To continue, pass `Bound::Excluded` of the
    /// last key. Bounds with nothing between them, reversed ones too, give an empty page.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::map(async |map| {
    /// use std::ops::Bound;
    ///
    /// map.put_all(vec![("ada".into(), 36), ("grace".into(), 85), ("mary".into(), 92)]).await?;
    /// let page = map.range(Bound::Included("b".into()), Bound::Excluded("m".into()), 100).await?;
    /// assert_eq!(page.items, [("grace".into(), 85)]);
    /// # Ok(()) });
    /// ```
    #[read(merge = Page::merge_by_key)]
    fn range(&self, from: Bound<K>, to: Bound<K>, limit: u64) -> Page<(K, V)>;

    /// Returns the entries of those keys that are in the map. Each partition that some of the keys belong to gets
    /// one read, whose answer is limited to 4 MiB and 64 KiB. A longer answer is an error.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::map(async |map| {
    /// map.put_all(vec![("ada".into(), 36), ("grace".into(), 85)]).await?;
    /// let found = map.get_all(&["ada".into(), "mary".into()]).await?;
    /// assert_eq!(found, [("ada".into(), 36)].into());
    /// # Ok(()) });
    /// ```
    #[read(merge = concat)]
    fn get_all(&self, #[key(each)] keys: &[K]) -> BTreeMap<K, V>;

    /// Sets the value of a key; returns the previous one.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::map(async |map| {
    /// assert_eq!(map.put("ada".into(), 35).await?, None);
    /// assert_eq!(map.put("ada".into(), 36).await?, Some(35));
    /// # Ok(()) });
    /// ```
    // No effect of earlier commands on the key remains.
    #[write(supersedes(put, put_if_absent, replace, remove, remove_if, compare_and_set))]
    fn put(&mut self, #[key] key: K, value: V) -> Option<V>;

    /// Sets the values of several keys; if a key occurs twice, its last value stays. Each partition that some of
    /// the keys belong to gets one command. It is atomic in each partition, but not across partitions: if one of
    /// several fails, the outcome of the error is [`Unknown`](copycat::Outcome::Unknown).
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::map(async |map| {
    /// map.put_all(vec![("ada".into(), 36), ("grace".into(), 85)]).await?;
    /// assert_eq!(map.len().await?, 2);
    /// # Ok(()) });
    /// ```
    #[write]
    fn put_all(&mut self, #[key(each.0)] entries: Vec<(K, V)>);

    /// Sets the value of a key that is not in the map, and returns `None`. If the key is in the map, returns its
    /// value, which stays.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::map(async |map| {
    /// assert_eq!(map.put_if_absent("ada".into(), 36).await?, None);
    /// assert_eq!(map.put_if_absent("ada".into(), 99).await?, Some(36));
    /// # Ok(()) });
    /// ```
    // Its effect depends on earlier commands, so it makes none obsolete.
    #[write]
    fn put_if_absent(&mut self, #[key] key: K, value: V) -> Option<V>;

    /// Replaces the value of a key if the key is in the map; returns the previous value.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::map(async |map| {
    /// assert_eq!(map.replace(&"ada".into(), 36).await?, None);
    /// assert!(map.is_empty().await?);
    /// # Ok(()) });
    /// ```
    // It does not change whether the key is there, so of several in a row only the last counts.
    #[write(supersedes(replace))]
    fn replace(&mut self, #[key] key: &K, value: V) -> Option<V>;

    /// Sets the value of a key to `new` if it is `expected`; returns whether it was. For both, `None` means that
    /// the key is not in the map. Both values are sent in one command of up to 4 MiB.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::map(async |map| {
    /// assert!(map.compare_and_set(&"ada".into(), None, Some(35)).await?);
    /// assert!(map.compare_and_set(&"ada".into(), Some(35), Some(36)).await?);
    /// assert!(!map.compare_and_set(&"ada".into(), Some(35), None).await?);
    /// # Ok(()) });
    /// ```
    #[write]
    fn compare_and_set(&mut self, #[key] key: &K, expected: Option<V>, new: Option<V>) -> bool;

    /// Removes a key; returns its value.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::map(async |map| {
    /// map.put("ada".into(), 36).await?;
    /// assert_eq!(map.remove(&"ada".into()).await?, Some(36));
    /// # Ok(()) });
    /// ```
    // As for `put`, no effect of earlier commands on the key remains.
    #[delete(supersedes(put, put_if_absent, replace, remove, remove_if, compare_and_set))]
    fn remove(&mut self, #[key] key: &K) -> Option<V>;

    /// Removes a key if it has this value; returns whether it had.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::map(async |map| {
    /// map.put("ada".into(), 36).await?;
    /// assert!(!map.remove_if(&"ada".into(), &35).await?);
    /// assert!(map.remove_if(&"ada".into(), &36).await?);
    /// # Ok(()) });
    /// ```
    #[write]
    fn remove_if(&mut self, #[key] key: &K, value: &V) -> bool;

    /// Removes all keys, partition by partition.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::map(async |map| {
    /// map.put("ada".into(), 36).await?;
    /// map.clear().await?;
    /// assert!(map.is_empty().await?);
    /// # Ok(()) });
    /// ```
    #[delete(all)]
    fn clear(&mut self);
}
