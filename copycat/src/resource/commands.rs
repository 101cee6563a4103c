//! A state machine's methods as data: what `#[state_machine]` writes down about each of them.

use super::arguments::Misfit;
use super::split::{Parts, Spread};
use crate::codec::access::Consistency;
use crate::codec::ids::MethodId;
use crate::error::Error;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A value that can travel and be kept: encoded, decoded, and independent of where it was read from.
///
/// Implemented for every type with [`Serialize`] and [`DeserializeOwned`]; nobody implements it by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel to a replica",
    label = "not both `serde::Serialize` and `serde::Deserialize`",
    note = "derive both: `#[derive(serde::Serialize, serde::Deserialize)]`"
)]
pub trait Data: Serialize + DeserializeOwned + 'static {}

impl<T: Serialize + DeserializeOwned + 'static> Data for T {}

/// The commands of one state machine. Implemented by the marker type that `#[state_machine]` generates.
pub trait Commands: 'static {
    /// Its methods, in the order of their declaration.
    const METHODS: &'static [Method];
}

/// Commands that can be spread over partitions: each has a key, or says that it goes to one partition
/// or to all.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has commands that belong to no partition",
    note = "mark an argument `#[key]`, or mark the method `all`, `single`, or (reads) `merge = …`"
)]
pub trait Partitioned: Commands {}

/// How a method touches the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Looks at the state only; never in the log.
    Read,
    /// Changes the state, through the log.
    Write,
    /// A write that leaves a tombstone.
    Delete,
}

/// Which partitions a command goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// To the one its key belongs to.
    Key,
    /// To the partitions of its keys, each with its part; to partition 0 if it has no key.
    Keys,
    /// To partition 0.
    Single,
    /// To every one; each with its part, if it has several keys.
    All,
}

/// One method of a state machine, as data.
#[derive(Clone, Copy, Debug)]
pub struct Method {
    /// Its name, as submitted by name; no `r#`.
    pub name: &'static str,
    /// Its id in the log: of the name, or chosen by the author.
    pub id: MethodId,
    /// How it touches the state.
    pub kind: Kind,
    /// For reads: what they reflect unless the handle says otherwise.
    pub consistency: Consistency,
    /// Which partitions it goes to.
    pub route: Route,
    /// Names of the arguments, in the order of their declaration.
    pub arguments: &'static [&'static str],
    /// Which of them is the key; it travels first.
    pub key: Option<usize>,
    /// Methods whose earlier commands with the same key are dead once this one is retained.
    pub supersedes: &'static [MethodId],
    /// Whether bytes are the key (exactly so many of them) and the other arguments.
    pub check: Check,
    /// How the encoded arguments of a command with several keys become a part for each partition; `None`: it has
    /// one key or none.
    pub split: Option<Split>,
    /// How the encoded results of several partitions become one; `None`: they are all alike.
    pub merge: Option<Merge>,
}

/// See [`Method::check`].
pub(crate) type Check = fn(body: &[u8], key_len: usize) -> Result<(), Misfit>;

/// See [`Method::merge`].
pub(crate) type Merge = fn(results: &[Bytes], out: &mut Vec<u8>) -> Result<(), Misfit>;

/// See [`Method::split`].
pub(crate) type Split = fn(body: &[u8], spread: Spread) -> Result<Parts, Error>;

/// What generated code writes down about a method: first what every method has, then what this one has besides.
impl Method {
    /// A read; its id is that of its name, it has no key, and goes to partition 0.
    #[must_use]
    pub const fn read(name: &'static str, arguments: &'static [&'static str], check: Check) -> Method {
        Method::new(Kind::Read, name, arguments, check)
    }

    /// A write; otherwise as [`read`](Method::read).
    #[must_use]
    pub const fn write(name: &'static str, arguments: &'static [&'static str], check: Check) -> Method {
        Method::new(Kind::Write, name, arguments, check)
    }

    /// A delete; otherwise as [`read`](Method::read).
    #[must_use]
    pub const fn delete(name: &'static str, arguments: &'static [&'static str], check: Check) -> Method {
        Method::new(Kind::Delete, name, arguments, check)
    }

    const fn new(kind: Kind, name: &'static str, arguments: &'static [&'static str], check: Check) -> Method {
        let (id, consistency, route) = (MethodId::of(name), Consistency::Strict, Route::Single);
        Method {
            name,
            id,
            kind,
            consistency,
            route,
            arguments,
            key: None,
            supersedes: &[],
            check,
            split: None,
            merge: None,
        }
    }

    /// With an id that the author chose.
    #[must_use]
    pub const fn with_id(self, id: MethodId) -> Method {
        Method { id, ..self }
    }

    /// With the key at this place among the arguments.
    #[must_use]
    pub const fn with_key(self, at: usize) -> Method {
        assert!(at < self.arguments.len(), "the key is one of the arguments");
        Method { key: Some(at), route: Route::Key, ..self }
    }

    /// With several keys, and a function that splits its arguments by them.
    #[must_use]
    pub const fn split(self, split: Split) -> Method {
        Method { split: Some(split), route: Route::Keys, ..self }
    }

    /// Sent to every partition.
    #[must_use]
    pub const fn to_all(self) -> Method {
        Method { route: Route::All, ..self }
    }

    /// With another consistency than the strict one.
    #[must_use]
    pub const fn with_consistency(self, consistency: Consistency) -> Method {
        Method { consistency, ..self }
    }

    /// Making earlier commands of these methods dead.
    #[must_use]
    pub const fn superseding(self, supersedes: &'static [MethodId]) -> Method {
        Method { supersedes, ..self }
    }

    /// With results that become one.
    #[must_use]
    pub const fn merged(self, merge: Merge) -> Method {
        Method { merge: Some(merge), ..self }
    }

    /// Whether this is a read.
    #[must_use]
    pub const fn is_read(&self) -> bool {
        matches!(self.kind, Kind::Read)
    }
}

/// Refuses, while compiling, two methods with one id, and the id 0, which means "none". The compiler points to
/// whoever called it, not in here.
#[track_caller]
pub const fn assert_distinct(ids: &[MethodId]) {
    let mut left = 0;
    while left < ids.len() {
        assert!(ids[left].0 != 0, "a method's id is 0, which is reserved: choose another with `id = 0x…`");
        let mut right = left + 1;
        while right < ids.len() {
            assert!(
                ids[left].0 != ids[right].0,
                "two methods have the same id: choose another for one of them with `id = 0x…`"
            );
            right += 1;
        }
        left += 1;
    }
}
