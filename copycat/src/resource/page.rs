//! Pages: the results of reads of a collection that is too long for one answer. Pages of several partitions can be
//! merged.

use crate::codec::payload;
use crate::codec::value::BYTELESS_MAX;
use serde::{Deserialize, Serialize};
use std::iter;

/// The length at which a page ends: 1 MiB of encoded items. The first item is taken whatever its length, so that a
/// reader makes progress with each page.
pub const PAGE_BYTES_MAX: usize = 1 << 20;

/// A page of a collection: some of its items, in their order, and whether more follow.
///
/// For methods whose answer would otherwise grow with the state. Such a method takes a start and a limit, and its
/// `merge` option says how the pages of several partitions become one:
///
/// ```
/// use copycat::{Page, state_machine};
/// use std::collections::BTreeMap;
/// use std::ops::Bound;
///
/// #[state_machine]
/// trait Scores<N: Ord> {
///     /// At most `limit` names and their scores, behind the name `after`.
///     #[read(merge = Page::merge_by_key)]
///     fn scores(&self, after: Option<N>, limit: u64) -> Page<(N, u64)>;
/// }
///
/// impl<N: Ord + Clone + serde::Serialize> Scores<N> for BTreeMap<N, u64> {
///     fn scores(&self, after: Option<N>, limit: u64) -> Page<(N, u64)> {
///         let from = after.map_or(Bound::Unbounded, Bound::Excluded);
///         let scores = self.range((from, Bound::Unbounded));
///         Page::take(scores.map(|(name, score)| (name.clone(), *score)), limit)
///     }
/// }
/// ```
///
/// A page ends at its limit or at [`PAGE_BYTES_MAX`], whichever comes first. This holds for merged pages too,
/// except that a merged page never ends between items with equal keys, because the next page starts after that key.
/// With a limit of 0, a page has no items and says whether there are any. [`PageStream`](crate::PageStream) and
/// [`PageIter`](crate::PageIter) read page after page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items, in the order of the collection.
    pub items: Vec<T>,
    /// Whether the collection had items after the last of these.
    pub more: bool,
    /// The requested limit. It is kept so that merged pages are no longer.
    limit: u64,
}

impl<T: Serialize> Page<T> {
    /// Takes items up to the limit, or until they are [`PAGE_BYTES_MAX`] long. Reads one item more, to learn
    /// whether more follow.
    pub fn take(items: impl IntoIterator<Item = T>, limit: u64) -> Page<T> {
        Page::take_all(items, limit, |_, _| false)
    }

    /// Takes items as [`take`](Page::take) does, but never ends the page between two items that belong together.
    fn take_all(
        items: impl IntoIterator<Item = T>,
        limit: u64,
        together: impl Fn(&T, &T) -> bool,
    ) -> Page<T> {
        let mut page = Page { items: Vec::new(), more: false, limit };
        let mut bytes: usize = 0;
        for item in items {
            // An item that cannot be encoded makes the whole answer fail, as it would without pages. An item
            // without bytes counts as some, because an answer holds at most `BYTELESS_MAX` of them.
            let length = payload::encoded_len(&item).unwrap_or(0);
            bytes = bytes.saturating_add(if length == 0 { PAGE_BYTES_MAX / BYTELESS_MAX } else { length });
            let full = page.items.len() as u64 >= limit || (bytes > PAGE_BYTES_MAX && !page.items.is_empty());
            if full && !page.items.last().is_some_and(|last| together(last, &item)) {
                page.more = true;
                break;
            }
            page.items.push(item);
        }
        page
    }

    /// Merges the pages of two partitions, whose items are in ascending order: `merge = Page::merge`.
    #[must_use]
    pub fn merge(left: Page<T>, right: Page<T>) -> Page<T>
    where
        T: Ord,
    {
        Page::merge_by(left, right, |item| item)
    }

    /// Merges two pages as [`merge`](Page::merge) does, if their items are in ascending order of a key in them.
    #[must_use]
    pub fn merge_by<K: Ord>(mut left: Page<T>, mut right: Page<T>, key: impl Fn(&T) -> &K) -> Page<T> {
        let limit = left.limit.max(right.limit);
        let certain = (certain(&left.items, &right, &key), certain(&right.items, &left, &key));
        let cut = certain.0 < left.items.len() || certain.1 < right.items.len();
        let more = left.more || right.more || cut;
        left.items.truncate(certain.0);
        right.items.truncate(certain.1);
        let equal = |one: &T, other: &T| key(one) == key(other);
        let merged = Page::take_all(ascending(left.items, right.items, &key), limit, equal);
        Page { more: more || merged.more, ..merged }
    }
}

impl<T> Page<T> {
    /// Returns the page with `make` applied to each item.
    #[must_use]
    pub fn map<U>(self, make: impl FnMut(T) -> U) -> Page<U> {
        let Page { items, more, limit } = self;
        Page { items: items.into_iter().map(make).collect(), more, limit }
    }
}

impl<K: Ord + Serialize, V: Serialize> Page<(K, V)> {
    /// Merges the pages of two partitions, whose items are in ascending order of their keys:
    /// `merge = Page::merge_by_key`.
    #[must_use]
    pub fn merge_by_key(left: Page<(K, V)>, right: Page<(K, V)>) -> Page<(K, V)> {
        Page::merge_by(left, right, |(key, _)| key)
    }
}

/// Returns how many of the items certainly come next. If the other page is not its partition's last, that partition
/// may have further items that belong before ours.
fn certain<T, K: Ord>(items: &[T], other: &Page<T>, key: impl Fn(&T) -> &K) -> usize {
    match other.items.last() {
        _ if !other.more => items.len(),
        Some(last) => items.partition_point(|item| key(item) <= key(last)),
        None => 0,
    }
}

/// Returns the items of both lists, the smaller first.
fn ascending<T, K: Ord>(left: Vec<T>, right: Vec<T>, key: impl Fn(&T) -> &K) -> impl Iterator<Item = T> {
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    iter::from_fn(move || match (left.peek(), right.peek()) {
        (Some(one), Some(other)) if key(other) < key(one) => right.next(),
        (Some(_), _) => left.next(),
        (None, _) => right.next(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn page(items: &[u32], more: bool, limit: u64) -> Page<u32> {
        Page { items: items.to_vec(), more, limit }
    }

    #[test]
    fn ends_at_the_limit_and_says_whether_more_follow() {
        assert_eq!(Page::take(1..=3, 0), page(&[], true, 0));
        assert_eq!(Page::take(1..=3, 2), page(&[1, 2], true, 2));
        assert_eq!(Page::take(1..=3, 3), page(&[1, 2, 3], false, 3));
        assert_eq!(Page::take(1..=3, u64::MAX), page(&[1, 2, 3], false, u64::MAX));
        assert_eq!(Page::take(iter::empty::<u32>(), 0), page(&[], false, 0));
    }

    #[test]
    fn ends_at_its_length_but_always_takes_one() {
        let halves = vec!["x".repeat(PAGE_BYTES_MAX / 2 - 5); 3];
        assert_eq!(Page::take(halves.clone(), 9).items, halves[..2]);
        let long = ["x".repeat(2 * PAGE_BYTES_MAX), String::new()];
        let first = Page::take(long.clone(), 9);
        assert_eq!((first.items.as_slice(), first.more), (&long[..1], true));
    }

    #[test]
    fn is_cut_where_a_partition_that_goes_on_has_ended() {
        let (short, long) = (page(&[1, 4], true, 9), page(&[2, 3, 5, 6], false, 9));
        assert_eq!(Page::merge(short.clone(), long.clone()), page(&[1, 2, 3, 4], true, 9));
        assert_eq!(Page::merge(long, short), page(&[1, 2, 3, 4], true, 9));
        assert_eq!(Page::merge(page(&[2], false, 9), page(&[1], false, 9)), page(&[1, 2], false, 9));
        assert_eq!(Page::merge(page(&[], true, 9), page(&[1], false, 9)), page(&[], true, 9));
    }

    #[test]
    fn of_what_takes_no_byte_it_holds_as_many_as_can_be_read() {
        let page = Page::take(iter::repeat_n((), 10_000), u64::MAX);
        assert_eq!((page.items.len(), page.more), (4_096, true));
        let mut bytes = Vec::new();
        payload::append(&page, &mut bytes).unwrap();
        assert_eq!(payload::decode::<Page<()>>(&bytes).unwrap(), page);
    }

    #[test]
    fn a_mapped_page_goes_on_where_it_did() {
        assert_eq!(Page::take(1..=3, 2).map(|item| item * 2), page(&[2, 4], true, 2));
    }

    #[test]
    fn ends_behind_all_items_of_a_key_that_several_partitions_have() {
        let pages = [[1, 2], [1, 2], [1, 3]].map(|items| page(&items, false, 2));
        let merged = pages.into_iter().reduce(Page::merge).unwrap();
        assert_eq!(merged, page(&[1, 1, 1], true, 2));
    }

    #[test]
    fn is_no_longer_merged_than_it_was_asked_to_be() {
        let merged = Page::merge(page(&[1, 3, 5], true, 3), page(&[2, 4, 6], true, 3));
        assert_eq!(merged, page(&[1, 2, 3], true, 3));
        let long = |name: char| (name, "x".repeat(PAGE_BYTES_MAX / 2 - 9));
        let pages = [['a', 'c'], ['b', 'd']].map(|names| Page::take(names.map(long), 9));
        let [left, right] = pages;
        let merged = Page::merge_by_key(left, right);
        assert_eq!(merged.items.iter().map(|item| item.0).collect::<String>(), "ab");
        assert!(merged.more);
    }

    #[test]
    fn read_one_after_the_other_pages_of_many_partitions_miss_nothing() {
        let mut random = fastrand::Rng::with_seed(9);
        for round in 0..2_000u64 {
            let mut partitions = vec![BTreeMap::new(); random.usize(1..6)];
            let count = partitions.len();
            for _ in 0..random.usize(0..60) {
                // Sometimes a key that another partition has as well.
                let key = random.u32(0..100);
                partitions[random.choice([0, key as usize]).unwrap_or(0) % count].insert(key, round);
            }
            let limit = random.u64(1..8);
            let (mut found, mut from) = (Vec::new(), 0);
            loop {
                let pages =
                    partitions.iter().map(|partition| Page::take(partition.clone().split_off(&from), limit));
                let page = pages.reduce(Page::merge_by_key).unwrap();
                assert!(page.items.len() < limit as usize + count);
                found.extend(page.items.iter().map(|item| item.0));
                if !page.more {
                    break;
                }
                from = found.last().copied().unwrap() + 1;
            }
            let mut all: Vec<u32> = partitions.iter().flat_map(BTreeMap::keys).copied().collect();
            all.sort_unstable();
            assert_eq!(found, all);
        }
    }
}
