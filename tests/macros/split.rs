//! Tests commands with many keys: each partition gets its part, in any kind of collection.

use copycat::__private::local;
use copycat::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A row of a table; its name is its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    name: String,
    value: u64,
}

#[state_machine]
trait Rows {
    #[read]
    fn get(&self, #[key] name: &str) -> Option<u64>;
    #[read(merge = sum)]
    fn len(&self) -> u64;
    #[read(merge = concat)]
    fn get_all(&self, #[key(each)] names: &[String]) -> BTreeMap<String, u64>;
    #[read(merge = concat, consistency = eventual)]
    fn get_those(&self, #[key(each)] names: BTreeSet<String>) -> Vec<u64>;
    #[write]
    fn put_pairs(&mut self, #[key(each.0)] pairs: Vec<(String, u64)>);
    #[write]
    fn put_map(&mut self, by: u64, #[key(each.0)] map: BTreeMap<String, u64>, times: u64);
    #[write(merge = sum)]
    fn put_rows(&mut self, #[key(each.name)] rows: &[Row]) -> u64;
    #[write(all, merge = sum)]
    fn retain(&mut self, #[key(each)] names: Vec<String>) -> u64;
    #[write]
    fn put_lucky(&mut self, #[key(each.0)] pairs: Vec<(String, u64)>);
    /// Returns, for each command received, its number of keys.
    #[read(merge = concat)]
    fn seen(&self) -> Vec<u64>;
}

#[derive(Default, Serialize, Deserialize)]
struct Table {
    rows: BTreeMap<String, u64>,
    seen: Vec<u64>,
}

impl Rows for Table {
    fn get(&self, name: &str) -> Option<u64> {
        self.rows.get(name).copied()
    }

    fn len(&self) -> u64 {
        self.rows.len() as u64
    }

    fn get_all(&self, names: &[String]) -> BTreeMap<String, u64> {
        names.iter().filter_map(|name| Some((name.clone(), *self.rows.get(name)?))).collect()
    }

    fn get_those(&self, names: BTreeSet<String>) -> Vec<u64> {
        names.iter().filter_map(|name| self.get(name)).collect()
    }

    fn put_pairs(&mut self, pairs: Vec<(String, u64)>) {
        self.seen.push(pairs.len() as u64);
        self.rows.extend(pairs);
    }

    fn put_map(&mut self, by: u64, map: BTreeMap<String, u64>, times: u64) {
        self.put_pairs(map.into_iter().map(|(name, value)| (name, (value + by) * times)).collect());
    }

    fn put_rows(&mut self, rows: &[Row]) -> u64 {
        self.put_pairs(rows.iter().map(|row| (row.name.clone(), row.value)).collect());
        rows.len() as u64
    }

    fn retain(&mut self, names: Vec<String>) -> u64 {
        self.seen.push(names.len() as u64);
        let before = self.rows.len();
        self.rows.retain(|name, _| names.contains(name));
        (before - self.rows.len()) as u64
    }

    fn put_lucky(&mut self, pairs: Vec<(String, u64)>) {
        assert!(pairs.iter().all(|(_, value)| *value != 13), "unlucky");
        self.put_pairs(pairs);
    }

    fn seen(&self) -> Vec<u64> {
        self.seen.clone()
    }
}

fn names(count: u64) -> Vec<String> {
    (0..count).map(|name| name.to_string()).collect()
}

fn pairs(count: u64) -> Vec<(String, u64)> {
    (0..count).map(|value| (value.to_string(), value)).collect()
}

fn on_each_number_of_partitions(test: impl Fn(SyncRows, usize)) {
    for partitions in [1, 4] {
        let (rows, _) = local::open::<SyncRows, _>("rows", partitions, Table::default).unwrap();
        test(rows, partitions as usize);
    }
}

#[test]
fn each_key_is_found_where_a_command_with_it_alone_goes() {
    on_each_number_of_partitions(|rows, partitions| {
        rows.put_pairs(pairs(100)).unwrap();
        assert!((0..100).all(|value| rows.get(&value.to_string()).unwrap() == Some(value)));
        assert_eq!(rows.seen().unwrap().len(), partitions, "one command each");
        assert_eq!(rows.get_all(&names(200)).unwrap(), pairs(100).into_iter().collect());
        let mut those = rows.get_those(names(50).into_iter().collect()).unwrap();
        those.sort_unstable();
        assert_eq!(those, (0..50).collect::<Vec<_>>());
    });
}

#[test]
fn other_arguments_come_with_every_part() {
    on_each_number_of_partitions(|rows, _| {
        rows.put_map(1, pairs(20).into_iter().collect(), 10).unwrap();
        assert_eq!(rows.get("7").unwrap(), Some(80));
        let all: Vec<_> = pairs(30).into_iter().map(|(name, value)| Row { name, value }).collect();
        assert_eq!(rows.put_rows(&all).unwrap(), 30);
        assert_eq!((rows.len().unwrap(), rows.get("29").unwrap()), (30, Some(29)));
    });
}

#[test]
fn what_has_no_key_goes_to_one_partition_or_to_all() {
    on_each_number_of_partitions(|rows, partitions| {
        rows.put_pairs(Vec::new()).unwrap();
        assert_eq!(rows.seen().unwrap(), [0], "to one");
        assert!(rows.get_all(&[]).unwrap().is_empty());
        rows.put_pairs(pairs(100)).unwrap();
        let before = rows.seen().unwrap().len();
        assert_eq!(rows.retain(names(1)).unwrap(), 99, "those without a key have none to retain");
        assert_eq!(rows.retain(Vec::new()).unwrap(), 1);
        assert_eq!(rows.seen().unwrap().len(), before + 2 * partitions);
    });
}

#[test]
fn by_name_they_are_split_as_well() {
    on_each_number_of_partitions(|rows, partitions| {
        rows.submit::<()>("put_map", &(1u64, BTreeMap::from_iter(pairs(40)), 2u64)).unwrap();
        assert_eq!((rows.get("20").unwrap(), rows.seen().unwrap().len()), (Some(42), partitions));
        let found: BTreeMap<String, u64> = rows.submit("get_all", &(names(3),)).unwrap();
        assert_eq!(found.into_values().collect::<Vec<_>>(), [2, 4, 6]);
        let error = rows.submit::<()>("put_pairs", &(pairs(3), 1u64)).unwrap_err();
        assert_eq!(error.code(), 12);
        assert_eq!(rows.submit::<u64>("retain", &(names(10),)).unwrap(), 30);
    });
}

#[test]
fn all_parts_together_may_be_longer_than_a_command_by_name_too() {
    on_each_number_of_partitions(|rows, partitions| {
        let long = |number: u64| format!("{number}{}", "x".repeat(60_000));
        let (names, pairs): (Vec<_>, Vec<_>) =
            (0..100).map(|number| (long(number), (long(number), number))).unzip();
        let put = rows.submit::<()>("put_pairs", &(&pairs,));
        if partitions == 1 {
            assert_eq!(put.unwrap_err().code(), 13, "6 MB are no command");
            assert_eq!(rows.put_pairs(pairs).unwrap_err().code(), 13);
            return;
        }
        put.unwrap();
        assert_eq!(rows.len().unwrap(), 100);
        let whole = pairs.into_iter().collect::<BTreeMap<_, _>>();
        assert!(rows.get_all(&names).unwrap() == whole);
        assert!(rows.submit::<BTreeMap<String, u64>>("get_all", &(&names,)).unwrap() == whole);
    });
}

#[test]
fn what_failed_in_one_partition_and_happened_in_another_is_unknown() {
    on_each_number_of_partitions(|rows, partitions| {
        let error = rows.put_lucky(pairs(100)).unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
        if partitions == 1 {
            assert_eq!((error.code(), rows.len().unwrap()), (15, 0));
            return;
        }
        assert!(error.to_string().contains("may have been applied in at least one"), "{error}");
        assert_eq!((error.code(), rows.get("13").unwrap()), (100, None));
        let there = rows.get_all(&names(100)).unwrap();
        assert!(there.len() > 50 && there.len() < 99, "whole parts: {}", there.len());
    });
}

#[test]
fn what_no_partition_did_was_not_applied() {
    let (rows, _) = local::open::<SyncRows, _>("rows", 4, Table::default).unwrap();
    let stranger = SyncStranger::from_client(rows.client().clone());
    let error = stranger.unheard_of((0..100).collect()).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (10, Outcome::NotApplied), "{error}");
}

/// A trait with a command that the state does not know.
#[state_machine]
trait Stranger {
    #[write]
    fn unheard_of(&mut self, #[key(each)] numbers: Vec<u64>);
}

#[test]
fn a_key_that_is_too_long_is_refused_and_nothing_is_sent() {
    on_each_number_of_partitions(|rows, _| {
        let mut all = pairs(100);
        all.push(("x".repeat(64 << 10), 1));
        let error = rows.put_pairs(all).unwrap_err();
        assert_eq!((error.code(), error.outcome()), (13, Outcome::NotApplied));
        assert_eq!(rows.len().unwrap(), 0);
    });
}

/// A service without a trait, with the same kind of command.
#[derive(Default, Serialize, Deserialize)]
struct Seen(BTreeSet<u64>);

#[state_machine]
impl Seen {
    /// Returns how many of the numbers are new.
    #[write(merge = sum)]
    fn add(&mut self, #[key(each)] numbers: &[u64]) -> u64 {
        numbers.iter().filter(|number| self.0.insert(**number)).count() as u64
    }

    #[read]
    fn has(&self, #[key] number: u64) -> bool {
        self.0.contains(&number)
    }
}

#[tokio::test]
async fn an_impl_block_has_them_too() {
    let (seen, _) = local::open::<AsyncSeen, _>("seen", 3, Seen::default).unwrap();
    assert_eq!(seen.add(&[1, 2, 3, 4, 5, 6]).await.unwrap(), 6);
    assert_eq!(seen.add(&[5, 6, 7]).await.unwrap(), 1);
    assert!(seen.has(7).await.unwrap() && !seen.has(8).await.unwrap());
}
