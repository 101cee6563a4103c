//! The seam to the machines that users wrote: what a group applies, and what it asks before it proposes.

use crate::codec::command::{Call, Command, Stamp};
use crate::codec::ids::Index;
use crate::request::failure::Failure;
use std::fmt;

/// A committed command, where it stands in the log, and what its context can tell: all of it from the log, so that a
/// replay gives the same.
#[derive(Clone, Copy, Debug)]
#[expect(dead_code, reason = "what the context of a command will tell")]
pub struct Entry<'a> {
    /// Its index in the group's log.
    pub(crate) index: Index,
    /// Cluster time when it was made, in microseconds.
    pub(crate) time: u64,
    /// Who sent it.
    pub(crate) stamp: Stamp,
    /// What is to be done.
    pub(crate) command: Command<&'a [u8]>,
}

/// A read, and what its context can tell.
#[derive(Clone, Copy, Debug)]
#[expect(dead_code, reason = "what the context of a read will tell")]
pub struct Query<'a> {
    /// Index of the last entry that the state reflects.
    pub(crate) index: Index,
    /// Cluster time of that entry, in microseconds.
    pub(crate) time: u64,
    /// Who asks.
    pub(crate) stamp: Stamp,
    /// What is asked.
    pub(crate) command: Command<&'a [u8]>,
}

/// One replica of a group's state. Owned by the thread that applies.
///
/// Every method appends the encoded result to `out`, or leaves `out` as it was and fails.
/// No method panics: a panic of the user's code becomes [`Failure::Panicked`].
///
/// [`Failure::UnknownMethod`] and [`Failure::WrongKind`] mean that the log holds a command this program
/// does not know: the group must stop, never skip. [`Failure::BadArguments`] of an entry that was
/// checked before it was proposed means that the program which checked it had other argument types.
/// Every other failure is a deterministic answer, the same on all replicas.
pub(crate) trait Machine: Send {
    /// Applies one committed command.
    fn apply(&mut self, entry: &Entry<'_>, out: &mut Vec<u8>) -> Result<(), Failure>;

    /// Answers a read from the state as it is.
    fn read(&self, query: &Query<'_>, out: &mut Vec<u8>) -> Result<(), Failure>;
}

/// What the leader asks before it lets a request in, without touching any state.
pub(crate) trait Checker: Send + Sync {
    /// Whether the method exists, has the kind that the access says, keeps the limits, and (for writes,
    /// since what is logged must decode on every replica) whether its arguments decode, key and rest apart.
    fn check(&self, call: &Call) -> Result<(), Failure>;
}

impl fmt::Debug for dyn Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Machine")
    }
}

impl fmt::Debug for dyn Checker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Checker")
    }
}
