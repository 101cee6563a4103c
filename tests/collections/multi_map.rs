//! The operations of `MultiMap`, a map with several values for each key.

use super::operations::{
    Operation, Subject, behind, collect, key, limit, maybe_key, operations, page, value,
};
use copycat::Error;
use copycat_collections::{AsyncMultiMap, Collections};
use fastrand::Rng;
use std::collections::{BTreeMap, BTreeSet};

type Model = BTreeMap<String, BTreeSet<String>>;

operations! { MultiMapOperation on AsyncMultiMap<String, String>, like Model;
    3 value Get { key: String = key },
        |map| map.get(key), |model| model.get(key).into_iter().flatten().collect::<Vec<_>>();
    1 value ContainsKey { key: String = key }, |map| map.contains_key(key), |model| model.contains_key(key);
    2 value ContainsEntry { key: String = key, value: String = value },
        |map| map.contains_entry(key, value),
        |model| model.get(key).is_some_and(|values| values.contains(value));
    1 value KeyLen {}, |map| map.key_len(), |model| model.len();
    1 value Len {}, |map| map.len(), |model| model.values().map(BTreeSet::len).sum::<usize>();
    1 value IsEmpty {}, |map| map.is_empty(), |model| model.is_empty();
    1 page Keys { after: Option<String> = maybe_key, limit: u64 = limit },
        |map| map.keys(after.clone(), *limit), |model| page(behind(model.keys(), after.as_ref()), *limit);
    2 page Entries { after: Option<(String, String)> = maybe_entry, limit: u64 = limit },
        |map| map.entries(after.clone(), *limit), |model| page(behind(&entries(model), after.as_ref()), *limit);
    1 items Iter {}, |map| map.iter(), |model| entries(model);
    10 value Put { key: String = key, value: String = value },
        |map| map.put(key.clone(), value.clone()),
        |model| model.entry(key.clone()).or_default().insert(value.clone());
    5 value Remove { key: String = key, value: String = value },
        |map| map.remove(key, value), |model| remove(model, key, value);
    2 value RemoveAll { key: String = key },
        |map| map.remove_all(key), |model| model.remove(key).map_or(0, |values| values.len());
    // Rare, so that the map is seldom empty.
    1 value Clear {}, |map| map.clear(), |model| model.clear();
}

fn maybe_entry(random: &mut Rng) -> Option<(String, String)> {
    maybe_key(random).map(|key| (key, value(random)))
}

fn entries(model: &Model) -> Vec<(String, String)> {
    let pairs = model.iter().flat_map(|(key, values)| values.iter().map(move |value| (key, value)));
    pairs.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn remove(model: &mut Model, key: &str, value: &str) -> bool {
    let removed = model.get_mut(key).is_some_and(|values| values.remove(value));
    model.retain(|_, values| !values.is_empty());
    removed
}

impl Subject for MultiMapOperation {
    const PARTITIONS: &'static [u32] = &[1, 4];

    async fn open<H: Collections>(host: &H, name: String, partitions: u32) -> Result<Self::Proxy, Error> {
        host.multi_map(name).with_partitions(partitions).open().await
    }

    async fn content(map: &Self::Proxy) -> Result<Model, Error> {
        let mut content = Model::new();
        for (key, value) in collect(map.iter()).await? {
            content.entry(key).or_default().insert(value);
        }
        Ok(content)
    }

    fn is_between(found: &Model, before: &Model, after: &Model) -> bool {
        let mut keys = found.keys().chain(before.keys()).chain(after.keys());
        keys.all(|key| [before.get(key), after.get(key)].contains(&found.get(key)))
    }
}
