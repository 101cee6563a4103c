//! The traits of user-written state machines: what a group applies, and what it checks before it proposes.

use crate::codec::command::{Call, Command, Stamp};
use crate::codec::ids::Index;
use crate::request::error::RequestError;
use std::fmt;

/// A committed command and its context. All of it comes from the log, so a replay gives the same values.
#[derive(Clone, Copy, Debug)]
#[expect(dead_code, reason = "what the context of a command will tell")]
pub struct Entry<'a> {
    /// The index in the group's log.
    pub(crate) index: Index,
    /// The cluster time when the entry was made, in microseconds.
    pub(crate) time: u64,
    /// The session and sequence of the call.
    pub(crate) stamp: Stamp,
    /// The method and its arguments.
    pub(crate) command: Command<&'a [u8]>,
}

/// A read and its context.
#[derive(Clone, Copy, Debug)]
#[expect(dead_code, reason = "what the context of a read will tell")]
pub struct Query<'a> {
    /// The index of the last entry that the state reflects.
    pub(crate) index: Index,
    /// The cluster time of that entry, in microseconds.
    pub(crate) time: u64,
    /// The session and sequence of the call.
    pub(crate) stamp: Stamp,
    /// The method and its arguments.
    pub(crate) command: Command<&'a [u8]>,
}

/// One replica of a group's state. The applier owns it.
///
/// Every method appends the encoded result to `out`, or leaves `out` unchanged and fails. No method panics: a panic of
/// the user's code becomes [`RequestError::Panicked`].
///
/// [`RequestError::UnknownMethod`] and [`RequestError::WrongKind`] mean that the log contains a command this program
/// does not know: the group must stop, and never skip it. [`RequestError::BadArguments`] of an entry that was checked
/// before it was proposed means that the program which checked it had other argument types. Every other error is a
/// deterministic answer, the same on all replicas.
pub(crate) trait Machine: Send {
    /// Applies one committed command.
    fn apply(&mut self, entry: &Entry<'_>, out: &mut Vec<u8>) -> Result<(), RequestError>;

    /// Answers a read from the current state.
    fn read(&self, query: &Query<'_>, out: &mut Vec<u8>) -> Result<(), RequestError>;
}

/// The check of a request before the leader takes it, without access to any state.
pub(crate) trait Checker: Send + Sync {
    /// Checks that the method exists, has the kind that the access says, and keeps the limits. For writes it also
    /// checks that the arguments decode, key and rest separately, because every replica must be able to decode an
    /// entry.
    fn check(&self, call: &Call) -> Result<(), RequestError>;
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
