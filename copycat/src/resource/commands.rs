//! The methods of a state machine as data: the table that `#[state_machine]` generates.

use super::arguments::EncodingError;
use super::shapes::Shapes;
use super::split::{Parts, Spread};
use crate::codec::access::Consistency;
use crate::codec::ids::MethodId;
use crate::error::Error;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A value that can be sent and stored: it can be encoded and decoded, and does not depend on the bytes it was read
/// from.
///
/// Implemented for every type with [`Serialize`] and [`DeserializeOwned`], never by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel to a replica",
    label = "not both `serde::Serialize` and `serde::Deserialize`",
    note = "derive both: `#[derive(serde::Serialize, serde::Deserialize)]`"
)]
pub trait Data: Serialize + DeserializeOwned + 'static {}

impl<T: Serialize + DeserializeOwned + 'static> Data for T {}

/// The commands of one state machine. `#[state_machine]` generates a marker type that implements this.
pub trait Commands: 'static {
    /// The name of the trait, or of the type of the `impl` block.
    const NAME: &'static str;
    /// The methods, in the order of their declaration.
    const METHODS: &'static [Method];
}

/// Commands that can be spread over partitions. Each has a key, or declares that it goes to one partition or to all.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has commands that belong to no partition",
    note = "mark an argument `#[key]`, or mark the method `all`, `single`, or (reads) `merge = …`"
)]
pub trait Partitioned: Commands {}

/// The way in which a method accesses the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A read: it does not change the state, and is never in the log.
    Read,
    /// A write: it changes the state, through the log.
    Write,
    /// A write that removes something. Today it is treated like [`Write`](Kind::Write).
    Delete,
}

/// The partitions that a command goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// The partition that its key belongs to.
    Key,
    /// The partitions of its keys, each with its part; partition 0 if the command has no keys.
    Keys,
    /// Partition 0.
    Single,
    /// Every partition, each with its part if the command has several keys.
    All,
}

/// One method of a state machine, as data.
#[derive(Clone, Copy, Debug)]
pub struct Method {
    /// The name, as passed to `submit`; without `r#`.
    pub name: &'static str,
    /// The id in the log: the hash of the name, or chosen by the author.
    pub id: MethodId,
    /// The way in which the method accesses the state.
    pub kind: Kind,
    /// The consistency of a read, unless the proxy chooses another.
    pub consistency: Consistency,
    /// The partitions that the command goes to.
    pub route: Route,
    /// The names of the arguments, in the order of their declaration.
    pub arguments: &'static [&'static str],
    /// The position of the key among the arguments. The key is encoded first.
    pub key: Option<usize>,
    /// Methods whose earlier commands with the same key are obsolete once a command of this one is retained.
    pub supersedes: &'static [MethodId],
    /// A check that a body is the key, of exactly the given length, and the other arguments. Used where arguments of an
    /// unknown shape were encoded; members decode what they get.
    pub check: Check,
    /// The function that finds out the shapes of the arguments, in the order of their declaration, and of the result.
    pub shapes: FindShapes,
    /// The function that splits the encoded arguments of a command with several keys into a part for each
    /// partition; `None` for one key or none.
    pub split: Option<Split>,
    /// The function that merges the encoded results of several partitions into one; `None` if they are all alike.
    pub merge: Option<Merge>,
}

/// The type of [`Method::check`].
pub(crate) type Check = fn(body: &[u8], key_len: usize) -> Result<(), EncodingError>;

/// The type of [`Method::shapes`].
pub(crate) type FindShapes = fn(&mut Shapes);

/// The type of [`Method::merge`].
pub(crate) type Merge = fn(results: &[Bytes], out: &mut Vec<u8>) -> Result<(), EncodingError>;

/// The type of [`Method::split`].
pub(crate) type Split = fn(body: &[u8], spread: Spread<'_>) -> Result<Parts, Error>;

/// The constructors that generated code uses, with what every method has; then the setters for the rest.
impl Method {
    /// Describes a read. Its id is the hash of its name, it has no key, and it goes to partition 0.
    #[must_use]
    pub const fn read(
        name: &'static str,
        arguments: &'static [&'static str],
        check: Check,
        shapes: FindShapes,
    ) -> Method {
        Method::new(Kind::Read, name, arguments, check, shapes)
    }

    /// Describes a write, otherwise like [`read`](Method::read).
    #[must_use]
    pub const fn write(
        name: &'static str,
        arguments: &'static [&'static str],
        check: Check,
        shapes: FindShapes,
    ) -> Method {
        Method::new(Kind::Write, name, arguments, check, shapes)
    }

    /// Describes a delete, otherwise like [`read`](Method::read).
    #[must_use]
    pub const fn delete(
        name: &'static str,
        arguments: &'static [&'static str],
        check: Check,
        shapes: FindShapes,
    ) -> Method {
        Method::new(Kind::Delete, name, arguments, check, shapes)
    }

    const fn new(
        kind: Kind,
        name: &'static str,
        arguments: &'static [&'static str],
        check: Check,
        shapes: FindShapes,
    ) -> Method {
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
            shapes,
            split: None,
            merge: None,
        }
    }

    /// Sets the id that the author chose.
    #[must_use]
    pub const fn with_id(self, id: MethodId) -> Method {
        Method { id, ..self }
    }

    /// Sets the position of the key among the arguments, and routes the command by the key.
    #[must_use]
    pub const fn with_key(self, at: usize) -> Method {
        assert!(at < self.arguments.len(), "the key is one of the arguments");
        Method { key: Some(at), route: Route::Key, ..self }
    }

    /// Sets the function that splits the arguments by their keys, and routes the command by these keys.
    #[must_use]
    pub const fn split(self, split: Split) -> Method {
        Method { split: Some(split), route: Route::Keys, ..self }
    }

    /// Routes the command to every partition.
    #[must_use]
    pub const fn to_all(self) -> Method {
        Method { route: Route::All, ..self }
    }

    /// Sets a consistency other than the strict one.
    #[must_use]
    pub const fn with_consistency(self, consistency: Consistency) -> Method {
        Method { consistency, ..self }
    }

    /// Declares that earlier commands of these methods with the same key become obsolete.
    #[must_use]
    pub const fn superseding(self, supersedes: &'static [MethodId]) -> Method {
        Method { supersedes, ..self }
    }

    /// Sets the function that merges the results of several partitions.
    #[must_use]
    pub const fn merged(self, merge: Merge) -> Method {
        Method { merge: Some(merge), ..self }
    }

    /// Returns whether this is a read.
    #[must_use]
    pub const fn is_read(&self) -> bool {
        matches!(self.kind, Kind::Read)
    }
}

/// Refuses, at compile time, two methods with the same id, and the id 0, which is reserved. The compiler points to
/// the caller, not in here.
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
