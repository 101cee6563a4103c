//! The calls of clients on collections, and on the hand-written services beside them.

use super::arguments::Options;
use super::hand_written::AsyncHandWritten;
use super::load::{Client, fill};
use super::store;
use copycat::{Copycat, Error, Remote, Role, Status};
use copycat_collections::{AsyncList, AsyncLong, AsyncMap, Collections};
use serde_bytes::ByteBuf;
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};

/// Names of the resources.
const MAP: &str = "map";
const NUMBERS: &str = "numbers";
const HAND: &str = "hand";
const AGAIN: &str = "again";
const LONG: &str = "long";
const LIST: &str = "list";

/// A method of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    MapPut,
    MapGet,
    /// The map's values are `Vec<u8>`, which serde encodes as a sequence of numbers.
    NumbersPut,
    NumbersGet,
    HandPut,
    HandGet,
    /// The hand-written trait as a second resource. Comparing it with the first shows the noise of the measurement.
    AgainPut,
    AgainGet,
    Increment,
    Push,
}

/// Each call with its name on the command line and its resource.
const CALLS: [(Call, &str, &str); 10] = [
    (Call::MapPut, "map.put", MAP),
    (Call::MapGet, "map.get", MAP),
    (Call::NumbersPut, "numbers.put", NUMBERS),
    (Call::NumbersGet, "numbers.get", NUMBERS),
    (Call::HandPut, "hand.put", HAND),
    (Call::HandGet, "hand.get", HAND),
    (Call::AgainPut, "again.put", AGAIN),
    (Call::AgainGet, "again.get", AGAIN),
    (Call::Increment, "long.increment_and_get", LONG),
    (Call::Push, "list.push", LIST),
];

impl Call {
    /// The calls that `bench collections` measures.
    pub(crate) const OF_COLLECTIONS: [Call; 4] = [Call::MapPut, Call::MapGet, Call::Increment, Call::Push];

    pub(crate) fn name(self) -> &'static str {
        self.row().1
    }

    fn resource(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> &'static (Call, &'static str, &'static str) {
        CALLS.iter().find(|(call, ..)| *call == self).expect("each call has a row")
    }

    /// Returns whether the resource may have several partitions.
    pub(crate) fn has_key(self) -> bool {
        !matches!(self, Call::Increment | Call::Push)
    }

    /// Returns the same call of the hand-written trait, if it has one.
    pub(crate) fn by_hand(self) -> Option<Call> {
        match self {
            Call::MapPut | Call::NumbersPut | Call::HandPut | Call::AgainPut => Some(Call::HandPut),
            Call::MapGet | Call::NumbersGet | Call::HandGet | Call::AgainGet => Some(Call::HandGet),
            Call::Increment | Call::Push => None,
        }
    }
}

impl std::str::FromStr for Call {
    type Err = String;

    fn from_str(name: &str) -> Result<Call, String> {
        let found = CALLS.iter().find(|(_, known, _)| *known == name);
        found.map(|(call, ..)| *call).ok_or_else(|| {
            let known: Vec<_> = CALLS.iter().map(|(_, name, _)| *name).collect();
            format!("`{name}` is none of {}", known.join(", "))
        })
    }
}

/// Opens the resources of the calls on a member. The returned values keep them open.
pub(crate) async fn host(
    copycat: &Copycat,
    calls: &[Call],
    partitions: u32,
) -> Result<Vec<Box<dyn Any>>, Error> {
    let mut hosted: Vec<Box<dyn Any>> = Vec::new();
    for name in resources(calls) {
        let map = copycat.map::<String, ByteBuf>(name).with_partitions(partitions);
        let numbers = copycat.map::<String, Vec<u8>>(name).with_partitions(partitions);
        let hand = copycat.state_machine(name, BTreeMap::new).with_partitions(partitions);
        hosted.push(match name {
            MAP => Box::new(map.open().await?),
            NUMBERS => Box::new(numbers.open().await?),
            LIST => Box::new(copycat.list::<ByteBuf>(name).open().await?),
            LONG => Box::new(copycat.long(name).open().await?),
            _ => {
                let hand: AsyncHandWritten = hand.open().await?;
                Box::new(hand)
            }
        });
    }
    Ok(hosted)
}

/// Returns, for each resource, the number of partitions that a member leads.
pub(crate) fn leads_of(status: &Status, calls: &[Call], partitions: u32) -> BTreeMap<String, u32> {
    let leads =
        |name: &str, partition| status.group(name, partition).is_some_and(|group| group.role == Role::Leader);
    let led = |name: &str| (0..partitions).map(|partition| u32::from(leads(name, partition))).sum();
    resources(calls).into_iter().map(|name| (name.to_owned(), led(name))).collect()
}

/// Returns the resources of the calls, each once.
fn resources(calls: &[Call]) -> BTreeSet<&'static str> {
    calls.iter().map(|call| call.resource()).collect()
}

/// A client's proxy of a resource.
#[derive(Clone)]
pub(crate) enum Target {
    Map(AsyncMap<String, ByteBuf>),
    Numbers(AsyncMap<String, Vec<u8>>),
    Hand(AsyncHandWritten),
    List(AsyncList<ByteBuf>),
    Long(AsyncLong),
}

impl Target {
    /// Opens the resource of a call.
    pub(crate) async fn open(remote: &Remote, call: Call, partitions: u32) -> Result<Target, Error> {
        Ok(match call.resource() {
            MAP => Target::Map(remote.map(MAP).with_partitions(partitions).open().await?),
            NUMBERS => Target::Numbers(remote.map(NUMBERS).with_partitions(partitions).open().await?),
            LIST => Target::List(remote.list(LIST).open().await?),
            LONG => Target::Long(remote.long(LONG).open().await?),
            name => Target::Hand(remote.resource(name).with_partitions(partitions).open().await?),
        })
    }

    /// Ensures that all keys have values, and that a list is empty.
    pub(crate) async fn prepare(&self, options: &Options) -> Result<(), Error> {
        if matches!(self, Target::List(_) | Target::Long(_)) {
            return self.clear().await;
        }
        let value = ByteBuf::from(store::value(options.value));
        let put = |number| {
            let (target, value) = (self.clone(), value.clone());
            async move { target.put(key(number), value).await }
        };
        fill(options.keys, put).await
    }

    /// Removes what clients left, before the next row.
    pub(crate) async fn clear(&self) -> Result<(), Error> {
        match self {
            Target::List(list) => list.clear().await,
            _ => Ok(()),
        }
    }

    async fn put(&self, key: String, value: ByteBuf) -> Result<(), Error> {
        match self {
            Target::Map(map) => map.put(key, value).await.map(drop),
            Target::Numbers(map) => map.put(key, value.into_vec()).await.map(drop),
            Target::Hand(hand) => hand.put(key, value).await.map(drop),
            Target::List(_) | Target::Long(_) => unreachable!("they have no keys"),
        }
    }

    async fn get(&self, key: &String) -> Result<(), Error> {
        match self {
            Target::Map(map) => map.get(key).await.map(drop),
            Target::Numbers(map) => map.get(key).await.map(drop),
            Target::Hand(hand) => hand.get(key).await.map(drop),
            Target::List(_) | Target::Long(_) => unreachable!("they have no keys"),
        }
    }
}

/// Creates `count` clients, which share the targets evenly. Clients of two calls choose the same keys.
pub(crate) fn clients(targets: &[Target], call: Call, count: usize, options: &Options) -> Vec<impl Client> {
    let client = |number: usize| Caller {
        target: targets[number % targets.len()].clone(),
        call,
        random: fastrand::Rng::with_seed(number as u64),
        keys: options.keys,
        value: ByteBuf::from(store::value(options.value)),
    };
    (0..count).map(client).collect()
}

struct Caller {
    target: Target,
    call: Call,
    random: fastrand::Rng,
    keys: u64,
    value: ByteBuf,
}

impl Client for Caller {
    async fn once(&mut self) -> Result<(), Error> {
        let number = self.random.u64(0..self.keys);
        match (&self.target, self.call) {
            (Target::Long(long), _) => long.increment_and_get().await.map(drop),
            (Target::List(list), _) => list.push(self.value.clone()).await.map(drop),
            (keyed, Call::MapGet | Call::NumbersGet | Call::HandGet | Call::AgainGet) => {
                keyed.get(&key(number)).await
            }
            (keyed, _) => keyed.put(key(number), self.value.clone()).await,
        }
    }
}

fn key(number: u64) -> String {
    String::from_utf8_lossy(&store::key(number)).into_owned()
}
