//! The operations of `List`.

use super::operations::{Operation, Subject, collect, limit, operations, page, value};
use copycat::Error;
use copycat_collections::{AsyncList, Collections};
use fastrand::Rng;

type Model = Vec<String>;

operations! { ListOperation on AsyncList<String>, like Model;
    2 value Get { index: u64 = index }, |list| list.get(*index), |model| model.get(*index as usize);
    1 value Len {}, |list| list.len(), |model| model.len();
    1 value IsEmpty {}, |list| list.is_empty(), |model| model.is_empty();
    1 value IndexOf { element: String = value },
        |list| list.index_of(element), |model| model.iter().position(|there| there == element);
    1 value Contains { element: String = value },
        |list| list.contains(element), |model| model.contains(element);
    2 page Range { from: u64 = index, to: u64 = index, limit: u64 = limit },
        |list| list.range(*from, *to, *limit), |model| page(within(model, *from, *to), *limit);
    1 items Iter {}, |list| list.iter(), |model| model.iter().collect::<Vec<_>>();
    6 value Push { element: String = value }, |list| list.push(element.clone()),
        |model| { model.push(element.clone()); model.len() - 1 };
    5 value Insert { index: u64 = index, element: String = value },
        |list| list.insert(*index, element.clone()), |model| insert(model, *index as usize, element);
    3 value Set { index: u64 = index, element: String = value }, |list| list.set(*index, element.clone()),
        |model| model.get_mut(*index as usize).map(|there| std::mem::replace(there, element.clone()));
    3 value Remove { index: u64 = index }, |list| list.remove(*index),
        |model| ((*index as usize) < model.len()).then(|| model.remove(*index as usize));
    1 value Pop {}, |list| list.pop(), |model| model.pop();
    // Rare, like the next one, so that the list is seldom empty.
    1 value Truncate { len: u64 = index }, |list| list.truncate(*len), |model| model.truncate(*len as usize);
    1 value Clear {}, |list| list.clear(), |model| model.clear();
}

/// Draws an index: mostly in a short list or just after it, sometimes far away.
fn index(random: &mut Rng) -> u64 {
    match random.u8(0..16) {
        0 => u64::MAX - random.u64(0..2),
        1 => random.u64(..),
        _ => random.u64(0..10),
    }
}

fn within(model: &Model, from: u64, to: u64) -> impl Iterator<Item = &String> {
    model.iter().skip(from as usize).take(to.saturating_sub(from) as usize)
}

fn insert(model: &mut Model, index: usize, element: &str) -> bool {
    let fits = index <= model.len();
    if fits {
        model.insert(index, element.into());
    }
    fits
}

impl Subject for ListOperation {
    const PARTITIONS: &'static [u32] = &[1];

    async fn open<H: Collections>(host: &H, name: String, _: u32) -> Result<Self::Proxy, Error> {
        host.list(name).open().await
    }

    async fn content(list: &Self::Proxy) -> Result<Model, Error> {
        collect(list.iter()).await
    }
}
