//! Bad input: each has an answer that is defined here.

use copycat::{Cluster, Copycat, Error, Member, MemoryNetwork, Outcome, Storage};
use copycat_collections::{AsyncList, AsyncMap, AsyncMultiMap, AsyncSet, Collections};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::ops::Bound;
use std::time::Duration;

/// The longest key and the longest command, encoded, in bytes.
const KEY_MAX: usize = 64 << 10;
const COMMAND_MAX: usize = 4 << 20;
/// The bytes of the length of a text: five above 65,535 bytes, three above 250.
const LONG: usize = 5;
const MIDDLE: usize = 3;

/// Opens one member, in memory.
async fn member() -> Result<Copycat, Error> {
    let cluster = Cluster::builder().with_member_id(1).add_seed(Member::new(1, "one:1")).build()?;
    let member = Copycat::builder().with_cluster(cluster).with_storage(Storage::memory());
    member
        .with_memory_network(&MemoryNetwork::new())
        .with_election_timeout(Duration::from_millis(20))
        .with_heartbeat_interval(Duration::from_millis(5))
        .open()
        .await
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>, part: &str) {
    let error = result.expect_err("too large");
    assert_eq!((error.code(), error.outcome()), (13, Outcome::NotApplied), "{error}");
    assert!(error.to_string().contains(part), "{error}");
}

#[tokio::test]
async fn keys_and_values_without_bytes() -> Result<(), Error> {
    let member = member().await?;
    let map: AsyncMap<(), ()> = member.map("nothing").with_partitions(4).open().await?;
    assert_eq!(map.get(&()).await?, None);
    assert_eq!(map.put((), ()).await?, None);
    assert_eq!(map.put((), ()).await?, Some(()));
    assert_eq!((map.len().await?, map.entries(None, 9).await?.items), (1, vec![((), ())]));
    assert!(map.compare_and_set(&(), Some(()), None).await?);
    let texts: AsyncMap<String, String> = member.map("texts").with_partitions(4).open().await?;
    texts.put(String::new(), String::new()).await?;
    assert_eq!(texts.get(&String::new()).await?, Some(String::new()));
    assert_eq!(texts.first_key().await?, Some(String::new()));
    Ok(())
}

#[tokio::test]
async fn the_largest_keys_and_values_come_back_and_one_byte_more_is_refused() -> Result<(), Error> {
    let member = member().await?;
    let map: AsyncMap<String, String> = member.map("large").with_partitions(4).open().await?;
    let key = "k".repeat(KEY_MAX - MIDDLE);
    let value = "v".repeat(COMMAND_MAX - KEY_MAX - LONG);
    map.put(key.clone(), value.clone()).await?;
    assert!(map.get(&key).await? == Some(value.clone()));
    refused(map.put(key.clone() + "k", String::new()).await, "the key takes 65537 bytes");
    refused(map.put(key.clone(), value.clone() + "v").await, "the command takes 4194305 bytes");
    refused(map.get(&(key.clone() + "k")).await, "the key takes 65537 bytes");
    refused(map.put_all(vec![("a".into(), "b".into()), (key.clone() + "k", "c".into())]).await, "the key");
    refused(map.get_all(&["a".into(), key.clone() + "k"]).await, "the key");
    assert_eq!(map.len().await?, 1, "nothing of what was refused is there");
    // The longest value has the shortest key. It is returned in a page, too, with all that a page contains.
    let nameless: AsyncMap<(), String> = member.map("nameless").open().await?;
    let longest = "v".repeat(COMMAND_MAX - LONG);
    nameless.put((), longest.clone()).await?;
    assert!(nameless.get(&()).await? == Some(longest.clone()));
    assert!(nameless.entries(None, u64::MAX).await?.items == [((), longest.clone())]);
    assert!(nameless.put((), String::new()).await? == Some(longest));
    Ok(())
}

#[tokio::test]
async fn a_page_ends_at_its_length_or_its_limit() -> Result<(), Error> {
    let member = member().await?;
    for partitions in [1, 4] {
        let map: AsyncMap<u32, String> =
            member.map(format!("pages {partitions}")).with_partitions(partitions).open().await?;
        let value = "v".repeat(300 << 10);
        for key in 0..10 {
            map.put(key, value.clone()).await?;
        }
        let page = map.entries(None, u64::MAX).await?;
        assert_eq!((page.items.len(), page.more), (3, true), "of 300 KiB each, three are less than 1 MiB");
        let page = map.entries(Some(6), 2).await?;
        assert_eq!((page.items.iter().map(|item| item.0).collect::<Vec<_>>(), page.more), (vec![7, 8], true));
        let none = map.keys(None, 0).await?;
        assert_eq!((none.items.as_slice(), none.more), (&[][..], true));
        let all = map.keys(None, u64::MAX).await?;
        assert_eq!((all.items, all.more), ((0..10).collect(), false));
        let mut entries = map.iter();
        for key in 0..10 {
            assert_eq!(entries.next().await.transpose()?.map(|entry| entry.0), Some(key));
        }
        assert!(entries.next().await.is_none());
        map.clear().await?;
        assert!(!map.keys(None, 0).await?.more);
    }
    Ok(())
}

#[tokio::test]
async fn ranges_that_hold_nothing() -> Result<(), Error> {
    use Bound::{Excluded, Included, Unbounded};
    let member = member().await?;
    let map: AsyncMap<u32, u32> = member.map("ranges").with_partitions(4).open().await?;
    map.put_all((0..10).map(|key| (key, key)).collect()).await?;
    for (from, to) in [
        (Included(7), Included(3)),
        (Excluded(7), Excluded(3)),
        (Included(7), Excluded(7)),
        (Excluded(7), Included(7)),
        (Excluded(7), Excluded(7)),
        (Excluded(7), Excluded(8)),
        (Excluded(9), Unbounded),
        (Unbounded, Excluded(0)),
    ] {
        let page = map.range(from, to, 100).await?;
        assert!(page.items.is_empty() && !page.more, "{from:?} to {to:?}: {page:?}");
    }
    assert_eq!(map.range(Included(7), Included(7), 100).await?.items, [(7, 7)]);
    Ok(())
}

#[tokio::test]
async fn positions_behind_the_end_of_a_list() -> Result<(), Error> {
    let member = member().await?;
    let list: AsyncList<u32> = member.list("list").open().await?;
    for element in 0..3 {
        list.push(element).await?;
    }
    for index in [3, 4, u64::MAX] {
        assert_eq!(list.get(index).await?, None);
        assert_eq!(list.set(index, 9).await?, None);
        assert_eq!(list.remove(index).await?, None);
        assert!(!list.insert(index.max(4), 9).await?);
        let page = list.range(index, u64::MAX, u64::MAX).await?;
        assert!(page.items.is_empty() && !page.more);
        list.truncate(index).await?;
    }
    for (from, to) in [(2, 1), (u64::MAX, 0), (1, 1)] {
        let page = list.range(from, to, 9).await?;
        assert!(page.items.is_empty() && !page.more, "{from} to {to}: {page:?}");
    }
    let page = list.range(0, 2, 9).await?;
    assert_eq!((page.items, page.more), (vec![0, 1], false), "none of the range is left");
    let page = list.range(1, 3, 1).await?;
    assert_eq!((page.items, page.more), (vec![1], true));
    assert!(list.range(0, 3, 0).await?.more);
    let page = list.range(0, u64::MAX, u64::MAX).await?;
    assert_eq!((page.items, page.more), (vec![0, 1, 2], false), "nothing was changed");
    assert!(list.insert(3, 3).await?, "the end is a position to insert at");
    Ok(())
}

/// An angle, in an order that includes NaN.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Degrees(f64);

impl PartialEq for Degrees {
    fn eq(&self, other: &Degrees) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Degrees {}

impl PartialOrd for Degrees {
    fn partial_cmp(&self, other: &Degrees) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Degrees {
    fn cmp(&self, other: &Degrees) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

#[tokio::test]
async fn values_that_are_equal_and_encoded_otherwise_each_time() -> Result<(), Error> {
    let member = member().await?;
    let map: AsyncMap<u8, HashMap<u32, f64>> = member.map("unordered").open().await?;
    let many = |last| (0..50).map(|key| (key, if key == 49 { last } else { 0.0 })).collect::<HashMap<_, _>>();
    map.put(1, many(1.0)).await?;
    assert!(map.contains_value(&many(1.0)).await?);
    assert!(map.compare_and_set(&1, Some(many(1.0)), Some(many(2.0))).await?);
    assert_eq!(map.update(&1, |_| Some(many(3.0))).await?, Some(many(3.0)));
    // With a NaN in it, it is never equal, in whatever order it is encoded.
    map.put(1, many(f64::NAN)).await?;
    assert!(!map.compare_and_set(&1, Some(many(f64::NAN)), None).await?);
    assert_eq!(map.update(&1, |_| None).await.expect_err("never equal").code(), 105);
    Ok(())
}

#[tokio::test]
async fn nan_as_a_key_and_as_a_value() -> Result<(), Error> {
    let member = member().await?;
    let map: AsyncMap<Degrees, f64> = member.map("degrees").with_partitions(4).open().await?;
    let none = Degrees(f64::NAN);
    assert_eq!(map.put(none, 1.0).await?, None);
    assert_eq!(map.get(&none).await?, Some(1.0));
    assert_eq!(map.last_key().await?, Some(none), "behind every number");
    // As a value, NaN is not equal to itself, and never found.
    let zero = Degrees(0.0);
    map.put(zero, f64::NAN).await?;
    assert!(!map.contains_value(&f64::NAN).await?);
    assert!(!map.compare_and_set(&zero, Some(f64::NAN), None).await?);
    assert!(!map.remove_if(&zero, &f64::NAN).await?);
    let error = map.update(&zero, |_| Some(2.0)).await.expect_err("it would be tried for ever");
    assert_eq!((error.code(), error.outcome()), (105, Outcome::NotApplied), "{error}");
    assert!(map.put(zero, 2.0).await?.is_some_and(f64::is_nan));
    assert_eq!(map.update(&zero, |_| Some(3.0)).await?, Some(3.0));
    Ok(())
}

#[tokio::test]
async fn a_position_that_was_removed_meanwhile_is_still_one() -> Result<(), Error> {
    let member = member().await?;
    let set: AsyncSet<u32> = member.set("set").with_partitions(4).open().await?;
    set.insert_all((0..10).collect()).await?;
    let page = set.elements(None, 4).await?;
    set.remove(&3).await?;
    assert_eq!(set.elements(page.items.last().copied(), 4).await?.items, [4, 5, 6, 7]);

    let map: AsyncMultiMap<u32, u32> = member.multi_map("multi map").with_partitions(4).open().await?;
    for key in 0..4 {
        map.put(key, 1).await?;
        map.put(key, 2).await?;
    }
    let page = map.entries(None, 3).await?;
    assert_eq!(page.items, [(0, 1), (0, 2), (1, 1)]);
    map.remove(&1, &1).await?;
    assert_eq!(map.entries(page.items.last().copied(), 2).await?.items, [(1, 2), (2, 1)]);
    map.remove_all(&1).await?;
    assert_eq!(map.entries(page.items.last().copied(), 2).await?.items, [(2, 1), (2, 2)]);
    Ok(())
}

#[tokio::test]
async fn collections_of_keys_that_are_empty_or_name_one_twice() -> Result<(), Error> {
    let member = member().await?;
    let map: AsyncMap<u32, u32> = member.map("map").with_partitions(4).open().await?;
    map.put_all(Vec::new()).await?;
    assert!(map.get_all(&[]).await?.is_empty());
    map.put_all(vec![(1, 1), (2, 2), (1, 3)]).await?;
    assert_eq!(
        map.get_all(&[1, 1, 2, 9]).await?,
        [(1, 3), (2, 2)].into(),
        "the last stays, and each comes once"
    );
    let set: AsyncSet<u32> = member.set("set").with_partitions(4).open().await?;
    assert_eq!(set.insert_all(Vec::new()).await?, 0);
    assert_eq!(set.insert_all(vec![1, 1, 2]).await?, 2);
    assert_eq!(set.retain_all(Vec::new()).await?, 2, "none of them is among no elements");
    Ok(())
}

#[tokio::test]
async fn bad_names_and_bad_numbers_of_partitions() -> Result<(), Error> {
    let member = member().await?;
    for (name, partitions) in
        [(String::new(), 1), ("x".repeat(256), 1), ("map".into(), 0), ("map".into(), 1_025)]
    {
        let error = member.map::<u8, u8>(name).with_partitions(partitions).open().await.expect_err("wrong");
        assert_eq!((error.code(), error.config_errors().len()), (200, 1), "{error}");
    }
    let map: AsyncMap<u8, u8> = member.map("map").open().await?;
    let error = member.map::<u8, u8>("map").open().await.expect_err("open already");
    assert_eq!(error.code(), 209, "{error}");
    drop(map);
    Ok(())
}

#[test]
fn without_a_runtime_the_errors_are_the_same() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let member = runtime.block_on(member()).expect("a member");
    let error = member.map::<u8, u8>("").open_sync().expect_err("no name");
    assert_eq!((error.code(), error.config_errors().len()), (200, 1), "{error}");
    let map = member.map::<u8, u8>("map").open_sync().expect("a map");
    map.put(1, 2).expect("a write");
    assert_eq!(map.iter().collect::<Result<Vec<_>, _>>().expect("entries"), [(1, 2)]);
    assert_eq!(member.long("map").open_sync().expect_err("open already").code(), 209);
    member.close_sync().expect("an end");
    assert_eq!(map.get(&1).expect_err("closed").code(), 16);
}
