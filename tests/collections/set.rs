//! The operations of `Set`.

use super::operations::{Operation, Subject, behind, collect, key, keys, limit, maybe_key, operations, page};
use copycat::Error;
use copycat_collections::{AsyncSet, Collections};
use std::collections::BTreeSet;

type Model = BTreeSet<String>;

operations! { SetOperation on AsyncSet<String>, like Model;
    3 value Contains { element: String = key }, |set| set.contains(element), |model| model.contains(element);
    1 value Len {}, |set| set.len(), |model| model.len();
    1 value IsEmpty {}, |set| set.is_empty(), |model| model.is_empty();
    1 value First {}, |set| set.first(), |model| model.first();
    1 value Last {}, |set| set.last(), |model| model.last();
    3 page Elements { after: Option<String> = maybe_key, limit: u64 = limit },
        |set| set.elements(after.clone(), *limit), |model| page(behind(&*model, after.as_ref()), *limit);
    1 items Iter {}, |set| set.iter(), |model| model.iter().collect::<Vec<_>>();
    6 value Insert { element: String = key },
        |set| set.insert(element.clone()), |model| model.insert(element.clone());
    4 value InsertAll { elements: Vec<String> = keys }, |set| set.insert_all(elements.clone()),
        |model| { let before = model.len(); model.extend(elements.clone()); model.len() - before };
    5 value Remove { element: String = key }, |set| set.remove(element), |model| model.remove(element);
    // Rare, like the next one, so that the set is seldom empty.
    1 value RetainAll { elements: Vec<String> = keys }, |set| set.retain_all(elements.clone()),
        |model| { let before = model.len(); model.retain(|it| elements.contains(it)); before - model.len() };
    1 value Clear {}, |set| set.clear(), |model| model.clear();
}

impl Subject for SetOperation {
    const PARTITIONS: &'static [u32] = &[1, 4];

    async fn open<H: Collections>(host: &H, name: String, partitions: u32) -> Result<Self::Proxy, Error> {
        host.set(name).with_partitions(partitions).open().await
    }

    async fn content(set: &Self::Proxy) -> Result<Model, Error> {
        Ok(collect(set.iter()).await?.into_iter().collect())
    }

    fn is_between(found: &Model, before: &Model, after: &Model) -> bool {
        let mut elements = found.iter().chain(before).chain(after);
        elements.all(|it| [before.contains(it), after.contains(it)].contains(&found.contains(it)))
    }
}
