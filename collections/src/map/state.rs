//! The state of a map: a `BTreeMap` of the standard library.

use super::Map;
use copycat::Page;
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::Bound;

impl<K, V> Map<K, V> for BTreeMap<K, V>
where
    K: Ord + Clone + Serialize,
    V: PartialEq + Clone + Serialize,
{
    fn get(&self, key: &K) -> Option<V> {
        self.get(key).cloned()
    }

    fn contains_key(&self, key: &K) -> bool {
        self.contains_key(key)
    }

    fn contains_value(&self, value: &V) -> bool {
        self.values().any(|there| there == value)
    }

    fn len(&self) -> u64 {
        self.len() as u64
    }

    fn first_key(&self) -> Option<K> {
        self.keys().next().cloned()
    }

    fn last_key(&self) -> Option<K> {
        self.keys().next_back().cloned()
    }

    fn keys(&self, after: Option<K>, limit: u64) -> Page<K> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        Page::take(self.range((from, Bound::Unbounded)).map(|(key, _)| key.clone()), limit)
    }

    fn entries(&self, after: Option<K>, limit: u64) -> Page<(K, V)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        Map::range(self, from, Bound::Unbounded, limit)
    }

    fn range(&self, from: Bound<K>, to: Bound<K>, limit: u64) -> Page<(K, V)> {
        // `BTreeMap::range` panics on these bounds.
        let empty = match (&from, &to) {
            (Bound::Excluded(from), Bound::Excluded(to)) => from >= to,
            (Bound::Included(from) | Bound::Excluded(from), Bound::Included(to) | Bound::Excluded(to)) => {
                from > to
            }
            _ => false,
        };
        let entries = (!empty).then(|| self.range((from, to))).into_iter().flatten();
        Page::take(entries.map(|(key, value)| (key.clone(), value.clone())), limit)
    }

    fn get_all(&self, keys: &[K]) -> BTreeMap<K, V> {
        keys.iter().filter_map(|key| Some((key.clone(), self.get(key)?.clone()))).collect()
    }

    fn put(&mut self, key: K, value: V) -> Option<V> {
        self.insert(key, value)
    }

    fn put_all(&mut self, entries: Vec<(K, V)>) {
        self.extend(entries);
    }

    fn put_if_absent(&mut self, key: K, value: V) -> Option<V> {
        let there = self.get(&key).cloned();
        if there.is_none() {
            self.insert(key, value);
        }
        there
    }

    fn replace(&mut self, key: &K, value: V) -> Option<V> {
        self.get_mut(key).map(|there| std::mem::replace(there, value))
    }

    fn compare_and_set(&mut self, key: &K, expected: Option<V>, new: Option<V>) -> bool {
        let equal = self.get(key) == expected.as_ref();
        match new {
            Some(new) if equal => drop(self.insert(key.clone(), new)),
            None if equal => drop(self.remove(key)),
            _ => {}
        }
        equal
    }

    fn remove(&mut self, key: &K) -> Option<V> {
        self.remove(key)
    }

    fn remove_if(&mut self, key: &K, value: &V) -> bool {
        let equal = self.get(key) == Some(value);
        if equal {
            self.remove(key);
        }
        equal
    }

    fn clear(&mut self) {
        self.clear();
    }
}
