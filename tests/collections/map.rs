//! The operations of `Map`.

use super::operations::{
    Operation, Subject, behind, changed, collect, key, keys, limit, maybe_key, maybe_value, operations, page,
    value,
};
use copycat::Error;
use copycat_collections::{AsyncMap, Collections};
use fastrand::Rng;
use std::collections::BTreeMap;
use std::ops::Bound;

type Model = BTreeMap<String, String>;

operations! { MapOperation on AsyncMap<String, String>, like Model;
    2 value Get { key: String = key }, |map| map.get(key), |model| model.get(key);
    1 value GetOrDefault { key: String = key, default: String = value },
        |map| map.get_or_default(key, default.clone()), |model| model.get(key).unwrap_or(default);
    1 value ContainsKey { key: String = key }, |map| map.contains_key(key), |model| model.contains_key(key);
    1 value ContainsValue { value: String = value },
        |map| map.contains_value(value), |model| model.values().any(|there| there == value);
    1 value Len {}, |map| map.len(), |model| model.len();
    1 value IsEmpty {}, |map| map.is_empty(), |model| model.is_empty();
    1 value FirstKey {}, |map| map.first_key(), |model| model.keys().next();
    1 value LastKey {}, |map| map.last_key(), |model| model.keys().next_back();
    1 page Keys { after: Option<String> = maybe_key, limit: u64 = limit },
        |map| map.keys(after.clone(), *limit),
        |model| page(behind(model.keys(), after.as_ref()), *limit);
    1 page Entries { after: Option<String> = maybe_key, limit: u64 = limit },
        |map| map.entries(after.clone(), *limit), |model| page(behind_key(model, after), *limit);
    2 page Range { from: Bound<String> = bound, to: Bound<String> = bound, limit: u64 = limit },
        |map| map.range(from.clone(), to.clone(), *limit), |model| page(within(model, from, to), *limit);
    1 value GetAll { keys: Vec<String> = keys }, |map| map.get_all(keys),
        |model| keys.iter().filter_map(|key| model.get_key_value(key)).collect::<BTreeMap<_, _>>();
    1 items Iter {}, |map| map.iter(), |model| model.iter().collect::<Vec<_>>();
    1 items Values {}, |map| map.values(), |model| model.values().collect::<Vec<_>>();
    4 value Put { key: String = key, value: String = value },
        |map| map.put(key.clone(), value.clone()), |model| model.insert(key.clone(), value.clone());
    2 value PutAll { entries: Vec<(String, String)> = entries },
        |map| map.put_all(entries.clone()), |model| model.extend(entries.clone());
    2 value PutIfAbsent { key: String = key, value: String = value },
        |map| map.put_if_absent(key.clone(), value.clone()),
        |model| put_if_absent(model, key, value);
    2 value Replace { key: String = key, value: String = value }, |map| map.replace(key, value.clone()),
        |model| model.get_mut(key).map(|there| std::mem::replace(there, value.clone()));
    3 value CompareAndSet { key: String = key, old: Option<String> = maybe_value, new: Option<String> = maybe_value },
        |map| map.compare_and_set(key, old.clone(), new.clone()),
        |model| { let equal = model.get(key) == old.as_ref(); if equal { set(model, key, new) } equal };
    2 value Update { key: String = key, new: Option<String> = maybe_value },
        |map| map.update(key, |old| changed(old, new)),
        |model| { let new = changed(model.get(key).cloned(), new); set(model, key, &new); new };
    2 value Remove { key: String = key }, |map| map.remove(key), |model| model.remove(key);
    2 value RemoveIf { key: String = key, value: String = value }, |map| map.remove_if(key, value),
        |model| { let equal = model.get(key) == Some(value); if equal { model.remove(key); } equal };
    // Rare, so that the map is seldom empty.
    1 value Clear {}, |map| map.clear(), |model| model.clear();
}

fn entries(random: &mut Rng) -> Vec<(String, String)> {
    keys(random).into_iter().map(|key| (key, value(random))).collect()
}

fn bound(random: &mut Rng) -> Bound<String> {
    match random.u8(0..5) {
        0 => Bound::Unbounded,
        1 | 2 => Bound::Included(key(random)),
        _ => Bound::Excluded(key(random)),
    }
}

fn set(model: &mut Model, key: &str, new: &Option<String>) {
    match new {
        Some(new) => drop(model.insert(key.into(), new.clone())),
        None => drop(model.remove(key)),
    }
}

fn put_if_absent(model: &mut Model, key: &str, value: &str) -> Option<String> {
    let there = model.get(key).cloned();
    model.entry(key.into()).or_insert_with(|| value.into());
    there
}

fn behind_key<'a>(
    model: &'a Model,
    after: &'a Option<String>,
) -> impl Iterator<Item = (&'a String, &'a String)> {
    model.iter().filter(move |(key, _)| after.as_ref().is_none_or(|after| *key > after))
}

/// Returns the entries within the bounds. `BTreeMap::range` panics if the bounds are reversed, so it is not used.
fn within<'a>(
    model: &'a Model,
    from: &'a Bound<String>,
    to: &'a Bound<String>,
) -> impl Iterator<Item = (&'a String, &'a String)> {
    let begun = move |key: &String| match from {
        Bound::Included(from) => key >= from,
        Bound::Excluded(from) => key > from,
        Bound::Unbounded => true,
    };
    let ended = move |key: &String| match to {
        Bound::Included(to) => key > to,
        Bound::Excluded(to) => key >= to,
        Bound::Unbounded => false,
    };
    model.iter().filter(move |(key, _)| begun(key) && !ended(key))
}

impl Subject for MapOperation {
    const PARTITIONS: &'static [u32] = &[1, 4];

    async fn open<H: Collections>(host: &H, name: String, partitions: u32) -> Result<Self::Proxy, Error> {
        host.map(name).with_partitions(partitions).open().await
    }

    async fn content(map: &Self::Proxy) -> Result<Model, Error> {
        Ok(collect(map.iter()).await?.into_iter().collect())
    }

    fn is_between(found: &Model, before: &Model, after: &Model) -> bool {
        let mut keys = found.keys().chain(before.keys()).chain(after.keys());
        keys.all(|key| [before.get(key), after.get(key)].contains(&found.get(key)))
    }
}
