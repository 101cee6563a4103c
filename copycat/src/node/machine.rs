//! State machines as a group uses them: what it applies, and what it checks before it proposes.

use crate::codec::access::Access;
use crate::codec::command::{Call, Command, Stamp};
use crate::codec::frame::{BODY_MAX, KEY_MAX};
use crate::codec::ids::{Index, MethodId};
use crate::codec::shape::fingerprint::Fingerprint;
use crate::codec::shape::method_table::MethodTable;
use crate::codec::shape::schema::{MethodShape, Schema};
use crate::request::error::RequestError;
use std::fmt;
use std::sync::Arc;
use thiserror::Error;

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
pub(crate) trait Machine: Send {
    /// Applies one committed command.
    fn apply(&mut self, entry: &Entry<'_>, out: &mut Vec<u8>) -> Result<(), MachineError>;

    /// Answers a read from the current state.
    fn read(&self, query: &Query<'_>, out: &mut Vec<u8>) -> Result<(), MachineError>;
}

/// Why a state machine gives no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MachineError {
    /// The answer is an error. It is deterministic: the same on all replicas.
    Answer(RequestError),
    /// The group must stop here on this member, and never skip the command.
    Halt(Halt),
}

/// Why a group must stop.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Halt {
    /// The command is on record, and this program is an older one that does not have it.
    #[error("this program does not have the command")]
    UnknownMethod,
    /// The command is a read in this program.
    #[error("the command is of another kind in this program")]
    WrongKind,
    /// Two copies of the state differ: what, as a text.
    #[error("{0}")]
    NotDeterministic(String),
}

impl From<RequestError> for MachineError {
    fn from(error: RequestError) -> MachineError {
        MachineError::Answer(error)
    }
}

impl From<Halt> for MachineError {
    fn from(halt: Halt) -> MachineError {
        MachineError::Halt(halt)
    }
}

impl MachineError {
    /// Returns the error that a caller gets.
    pub(crate) fn answer(&self) -> RequestError {
        match self {
            MachineError::Answer(error) => *error,
            MachineError::Halt(_) => RequestError::Halted,
        }
    }
}

/// The commands of a program, and the checks that a request must pass before it is taken. They need no state, and decode
/// no arguments.
#[derive(Clone, Debug)]
pub(crate) struct Checks {
    schema: Arc<Schema>,
    table: MethodTable,
    /// For each command of the schema.
    fingerprints: Arc<[Fingerprint]>,
}

impl Checks {
    /// Creates the checks of commands with this schema.
    pub(crate) fn new(schema: Arc<Schema>) -> Checks {
        let table = MethodTable::of(schema.methods.iter().map(|method| MethodId(method.id)));
        let fingerprints =
            schema.methods.iter().map(|method| Fingerprint::of(method, &schema.types)).collect();
        Checks { schema, table, fingerprints }
    }

    /// Returns the schema.
    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Checks that the command exists, has the kind that the access says and the types that its caller has, and keeps
    /// the limits. Returns its position in the schema.
    pub(crate) fn check(&self, call: &Call) -> Result<usize, RequestError> {
        let Command { method, key_len, body } = &call.command;
        let at = self.table.position(*method).ok_or(RequestError::UnknownMethod)?;
        let MethodShape { read, key, .. } = self.schema.methods[at];
        if matches!(call.access, Access::Read(..)) != read {
            return Err(RequestError::WrongKind);
        }
        if call.fingerprint.contradicts(self.fingerprints[at]) {
            return Err(RequestError::OtherTypes);
        }
        let key_len = *key_len as usize;
        if key_len > KEY_MAX || body.len() > BODY_MAX {
            return Err(RequestError::TooLarge);
        }
        // What is in the key is seen when the arguments are decoded, as they are.
        if key_len > body.len() || key.is_none() && key_len > 0 {
            return Err(RequestError::BadArguments);
        }
        Ok(at)
    }
}

impl fmt::Debug for dyn Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Machine")
    }
}
