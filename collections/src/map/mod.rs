//! A map whose keys are ordered. What can be done with it is here, what that does is in [`state`], and [`proxy`] adds to
//! the proxies what is built from several commands.

mod proxy;
mod state;

use copycat::{Page, state_machine};
use std::collections::BTreeMap;
use std::ops::Bound;

/// A map from keys to values, in the order of its keys: a replicated `BTreeMap`.
#[state_machine]
pub trait Map<K: Ord, V> {
    /// What a key is mapped to.
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

    /// What a key is mapped to, or the default given here, which is not put into the map.
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

    /// Whether a key is mapped to anything.
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

    /// Whether some key is mapped to a value. Looks at every entry.
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

    /// How many keys there are.
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

    /// Whether there are none.
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

    /// The smallest key.
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

    /// The largest key.
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

    /// At most `limit` keys behind the key `after`, which need not be there; from the first on without it.
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

    /// At most `limit` keys behind the key `after`, and what they are mapped to.
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

    /// At most `limit` keys within bounds, and what they are mapped to. Go on with `Bound::Excluded` of the last. Bounds
    /// that hold nothing between them, reversed ones too, give an empty page.
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

    /// The entries of those keys that are in the map. One read in each partition that some of the keys belong to, whose
    /// answer has up to 4 MiB: what is longer is an error.
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

    /// Maps a key to a value; returns what it was mapped to before.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::map(async |map| {
    /// assert_eq!(map.put("ada".into(), 35).await?, None);
    /// assert_eq!(map.put("ada".into(), 36).await?, Some(35));
    /// # Ok(()) });
    /// ```
    // Whatever was done to the key before, nothing is left of it.
    #[write(supersedes(put, put_if_absent, replace, remove, remove_if, compare_and_set))]
    fn put(&mut self, #[key] key: K, value: V) -> Option<V>;

    /// Maps all these keys; of several values for one key, the last stays. One command in each partition that some of
    /// the keys belong to, and atomic in each, not in all: where one of several fails, the error says
    /// [`Unknown`](copycat::Outcome::Unknown).
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

    /// Maps a key unless it is mapped already; returns what it is mapped to then, and stays.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::map(async |map| {
    /// assert_eq!(map.put_if_absent("ada".into(), 36).await?, None);
    /// assert_eq!(map.put_if_absent("ada".into(), 99).await?, Some(36));
    /// # Ok(()) });
    /// ```
    // What it does depends on what was done before, so it makes nothing dead.
    #[write]
    fn put_if_absent(&mut self, #[key] key: K, value: V) -> Option<V>;

    /// Maps a key to another value, if it is mapped to anything; returns what it was mapped to.
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

    /// Maps a key to `new`, or removes it for `None`, if it is mapped to `expected`, or is not there for `None`. Returns
    /// whether it was. Both values travel together, in one command of up to 4 MiB.
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

    /// Removes a key; returns what it was mapped to.
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::map(async |map| {
    /// map.put("ada".into(), 36).await?;
    /// assert_eq!(map.remove(&"ada".into()).await?, Some(36));
    /// # Ok(()) });
    /// ```
    // As `put`: nothing is left of what was done to the key before.
    #[delete(supersedes(put, put_if_absent, replace, remove, remove_if, compare_and_set))]
    fn remove(&mut self, #[key] key: &K) -> Option<V>;

    /// Removes a key if it is mapped to this value; returns whether it was.
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
