//! Splits a command with several keys into one command for each partition that some of the keys belong to.

use super::arguments::{Arguments, check_key_len};
use super::encoding::ArgumentEncoder;
use super::partitioner::HashPartitioner;
use crate::codec::payload;
use crate::error::{Cause, Error};
use serde::Serialize;
use std::iter;

/// The parts of a command: the number of each partition, and its arguments. At least one part.
pub(crate) type Parts = Vec<(usize, Arguments)>;

/// The partitions over which a command is spread.
#[derive(Clone, Copy, Debug)]
pub struct Spread<'a> {
    /// The number of partitions, at least one.
    pub(crate) partitions: usize,
    /// Whether partitions that none of the keys belong to get an empty part as well.
    pub(crate) all: bool,
    /// Encodes each part.
    pub(crate) encoder: ArgumentEncoder<'a>,
}

/// A collection that can be split by its keys: taken apart, and rebuilt from some of its elements.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no collection that can be split by its keys",
    label = "cannot be taken apart and put together again",
    note = "`#[key(each)]` belongs on a collection: a slice, a `Vec`, a `BTreeSet`, a `BTreeMap`, …"
)]
pub trait Splittable: IntoIterator + Default + Extend<Self::Item> {}

impl<C: IntoIterator + Default + Extend<Self::Item>> Splittable for C {}

/// Splits a collection by the keys of its elements, and encodes the arguments of each part with `encode`. If this
/// fails, nothing was sent.
///
/// An empty collection gives empty parts: one for each partition with `spread.all`, otherwise one for partition 0.
pub fn split<C, K>(
    collection: C,
    spread: Spread<'_>,
    key: impl Fn(&C::Item) -> &K,
    encode: impl Fn(ArgumentEncoder<'_>, &C) -> Result<Arguments, Error>,
) -> Result<Parts, Error>
where
    C: Splittable,
    K: Serialize + ?Sized,
{
    let mut shares: Vec<Option<C>> = iter::repeat_with(|| None).take(spread.partitions).collect();
    let mut encoded = Vec::new();
    for element in collection {
        encoded.clear();
        payload::append(key(&element), &mut encoded).map_err(Cause::Key)?;
        check_key_len(encoded.len())?;
        let at = HashPartitioner::partition(&encoded, spread.partitions);
        shares[at].get_or_insert_default().extend(iter::once(element));
    }
    let empty = shares.iter().all(Option::is_none);
    let parts = shares.into_iter().enumerate().filter_map(|(at, share)| match share {
        None if spread.all || (empty && at == 0) => Some((at, C::default())),
        share => Some((at, share?)),
    });
    parts.map(|(at, share)| Ok((at, encode(spread.encoder, &share)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::frame::KEY_MAX;
    use std::collections::{BTreeMap, BTreeSet};

    fn spread(partitions: usize, all: bool) -> Spread<'static> {
        Spread { partitions, all, encoder: ArgumentEncoder::unused() }
    }

    fn four() -> Spread<'static> {
        spread(4, false)
    }

    fn bodies(parts: Parts) -> Vec<(usize, Vec<u8>)> {
        parts.into_iter().map(|(at, arguments)| (at, arguments.body)).collect()
    }

    #[test]
    fn each_element_goes_where_a_command_with_its_key_goes() {
        let pairs: Vec<(u32, String)> = (0..100).map(|key| (key, format!("value {key}"))).collect();
        let parts =
            split(pairs.clone(), four(), |each| &each.0, |_, pairs| Arguments::keyless(&(7u8, pairs)))
                .unwrap();
        let mut found = BTreeMap::new();
        for (at, arguments) in parts {
            let (seven, share): (u8, Vec<(u32, String)>) = payload::decode(&arguments.body).unwrap();
            assert_eq!((seven, arguments.key_len), (7, 0));
            assert!(share.is_sorted(), "their order is kept");
            for (key, value) in share {
                let alone = Arguments::keyed(&key, &()).unwrap();
                assert_eq!(HashPartitioner::partition(alone.key(), 4), at);
                found.insert(key, value);
            }
        }
        assert_eq!(found, pairs.into_iter().collect());
    }

    #[test]
    fn one_partition_gets_what_was_given() {
        let whole: BTreeSet<&str> = ["ada", "grace"].into();
        let one = spread(1, false);
        let parts = split(whole.clone(), one, |each| each, |_, names| Arguments::keyless(&(names,))).unwrap();
        assert_eq!(bodies(parts), [(0, Arguments::keyless(&(whole,)).unwrap().body)]);
    }

    #[test]
    fn what_has_no_key_goes_to_the_first_or_to_all() {
        let parts = |all| {
            let spread = spread(3, all);
            split(Vec::<u8>::new(), spread, |each| each, |_, keys| Arguments::keyless(&(keys,))).unwrap()
        };
        assert_eq!(bodies(parts(false)), [(0, vec![0])]);
        assert_eq!(bodies(parts(true)), [(0, vec![0]), (1, vec![0]), (2, vec![0])]);
    }

    #[test]
    fn all_get_their_part_where_it_is_for_all() {
        let all = spread(4, true);
        let parts = split(vec![7u8], all, |each| each, |_, keys| Arguments::keyless(&(keys,))).unwrap();
        let filled: Vec<_> = parts.iter().filter(|(_, part)| part.body != [0]).collect();
        assert_eq!((parts.len(), filled.len()), (4, 1));
    }

    #[test]
    fn a_key_that_no_other_command_could_have_is_refused() {
        let long = vec!["x".repeat(KEY_MAX)];
        let error = split(long, four(), |each| each, |_, keys| Arguments::keyless(&(keys,))).unwrap_err();
        assert_eq!(error.code(), 13);
    }
}
