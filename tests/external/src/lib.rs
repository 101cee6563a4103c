//! Boxes on a shelf: a generic service with ten commands, as a user of the framework writes one.
#![deny(warnings)]

use copycat::state_machine;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Boxes by name, each with a label and things in it.
#[state_machine]
pub trait Shelf<K, T> {
    /// Adds a box with these things in it. Returns the number of boxes.
    #[write]
    fn put(&mut self, #[key] name: K, things: Vec<T>) -> u64;

    /// Returns the things in a box.
    #[read]
    fn open(&self, #[key] name: &K) -> Option<Vec<T>>;

    /// Adds things to a box. Returns how many are in it.
    #[write]
    fn fill(&mut self, #[key] name: &K, things: &[T]) -> Result<u64, Absent>;

    /// Sets the label of a box.
    #[write]
    fn label(&mut self, #[key] name: &K, text: &str) -> Result<(), Absent>;

    /// Returns the label of a box.
    #[read(consistency = lease)]
    fn text(&self, #[key] name: &K) -> Result<String, Absent>;

    /// Returns the boxes whose labels contain a text.
    #[read]
    fn find(&self, text: &str) -> Vec<K>;

    /// Removes a box, and returns the things in it.
    #[delete(supersedes(put, fill, label))]
    fn remove(&mut self, #[key] name: &K) -> Option<Vec<T>>;

    /// Returns the number of boxes.
    #[read(consistency = eventual)]
    fn len(&self) -> u64;

    /// Returns whether there are no boxes.
    #[read]
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes all boxes.
    #[write]
    fn clear(&mut self);
}

/// A counter: a service without a trait, which only this crate knows.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Tally(u64);

#[state_machine]
impl Tally {
    /// Counts. The private type gives no warning here, as it gives none in the method itself.
    #[write]
    pub fn count(&mut self, unless: Option<Stopped>) -> Result<u64, Stopped> {
        self.0 += 1;
        unless.map_or(Ok(self.0), Err)
    }
}

/// The error of a count that was stopped.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stopped;

/// The error of a missing box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absent;

/// One box.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Case<T> {
    label: String,
    things: Vec<T>,
}

/// The state, in plain Rust.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(
    bound = "K: Ord + Serialize + serde::de::DeserializeOwned, T: Serialize + serde::de::DeserializeOwned"
)]
pub struct Cases<K, T>(BTreeMap<K, Case<T>>);

impl<K: Ord, T> Default for Cases<K, T> {
    fn default() -> Self {
        Cases(BTreeMap::new())
    }
}

impl<K: Ord + Clone, T: Clone> Shelf<K, T> for Cases<K, T> {
    fn put(&mut self, name: K, things: Vec<T>) -> u64 {
        self.0.insert(name, Case { label: String::new(), things });
        self.len()
    }

    fn open(&self, name: &K) -> Option<Vec<T>> {
        self.0.get(name).map(|case| case.things.clone())
    }

    fn fill(&mut self, name: &K, things: &[T]) -> Result<u64, Absent> {
        let case = self.0.get_mut(name).ok_or(Absent)?;
        case.things.extend_from_slice(things);
        Ok(case.things.len() as u64)
    }

    fn label(&mut self, name: &K, text: &str) -> Result<(), Absent> {
        text.clone_into(&mut self.0.get_mut(name).ok_or(Absent)?.label);
        Ok(())
    }

    fn text(&self, name: &K) -> Result<String, Absent> {
        self.0.get(name).map(|case| case.label.clone()).ok_or(Absent)
    }

    fn find(&self, text: &str) -> Vec<K> {
        let found = self.0.iter().filter(|(_, case)| case.label.contains(text));
        found.map(|(name, _)| name.clone()).collect()
    }

    fn remove(&mut self, name: &K) -> Option<Vec<T>> {
        self.0.remove(name).map(|case| case.things)
    }

    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use copycat::prelude::*;
    use copycat::{Cluster, Copycat, Member, MemoryNetwork, Storage};

    /// A thing of the user's own.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    enum Thing {
        Screw { length_mm: u32 },
        Book(String),
    }

    async fn member() -> Result<Copycat, Error> {
        let cluster = Cluster::builder().with_member_id(1).add_seed(Member::new(1, "shelf:1")).build()?;
        let member = Copycat::builder().with_cluster(cluster).with_storage(Storage::memory());
        member.with_memory_network(&MemoryNetwork::new()).open().await
    }

    #[tokio::test]
    async fn through_the_asynchronous_proxy() -> Result<(), Error> {
        let member = member().await?;
        let shelf: AsyncShelf<String, Thing> = member.state_machine("shelf", Cases::default).open().await?;
        let (left, right) = (String::from("left"), String::from("right"));
        let (screw, book) = (Thing::Screw { length_mm: 40 }, Thing::Book("Refactoring".into()));
        assert!(shelf.is_empty().await?);
        assert_eq!(shelf.put(left.clone(), vec![screw.clone()]).await?, 1);
        assert_eq!(shelf.fill(&left, &[book.clone(), screw.clone()]).await?, Ok(3));
        assert_eq!(shelf.fill(&right, &[]).await?, Err(Absent));
        assert_eq!(shelf.label(&left, "mixed").await?, Ok(()));
        assert_eq!(shelf.text(&left).await?, Ok("mixed".into()));
        assert_eq!(shelf.text(&right).await?, Err(Absent));
        assert_eq!(shelf.find("mix").await?, [left.clone()]);
        assert_eq!(shelf.open(&left).await?, Some(vec![screw.clone(), book, screw.clone()]));
        assert_eq!(shelf.len().await?, 1);
        assert_eq!(shelf.remove(&right).await?, None);
        assert_eq!(shelf.put(right.clone(), vec![]).await?, 2);
        assert_eq!(shelf.remove(&right).await?, Some(vec![]));
        shelf.clear().await?;
        assert!(shelf.with_consistency(Consistency::Strict).is_empty().await?);
        member.close().await;
        Ok(())
    }

    #[tokio::test]
    async fn through_the_blocking_proxy() -> Result<(), Error> {
        let member = member().await?;
        let shelf: AsyncShelf<u8, u64> = member.state_machine("shelf", Cases::default).open().await?;
        let shelf: SyncShelf<u8, u64> = shelf.to_sync();
        assert_eq!(shelf.put(7, vec![1, 2])?, 1);
        assert_eq!(shelf.fill(&7, &[3])?, Ok(3));
        assert_eq!(shelf.label(&8, "none")?, Err(Absent));
        assert_eq!(shelf.label(&7, "numbers")?, Ok(()));
        assert_eq!(shelf.text(&7)?, Ok("numbers".into()));
        assert_eq!(shelf.find("number")?, [7]);
        assert_eq!(shelf.open(&7)?, Some(vec![1, 2, 3]));
        assert_eq!(shelf.with_consistency(Consistency::Lease).len()?, 1);
        assert_eq!(shelf.remove(&7)?, Some(vec![1, 2, 3]));
        assert!(shelf.is_empty()?);
        shelf.clear()?;
        let tally: SyncTally =
            member.state_machine("tally", Tally::default).open::<AsyncTally, _>().await?.to_sync();
        assert_eq!(tally.count(None)?, Ok(1));
        assert_eq!(tally.count(Some(Stopped))?, Err(Stopped));
        member.close().await;
        Ok(())
    }

    #[test]
    fn without_any_cluster() {
        let mut shelf = Cases::default();
        assert!(shelf.is_empty());
        assert_eq!(shelf.put("a", vec![1]), 1);
        assert_eq!(shelf.fill(&"a", &[2, 3]), Ok(3));
    }
}
