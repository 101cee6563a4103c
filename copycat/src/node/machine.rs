//! The seam to the machines that users wrote: what a group applies, and what it asks before it proposes.

use super::failure::Failure;
use crate::codec::access::Access;
use crate::codec::ids::MethodId;
use std::fmt;

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
    fn apply(&mut self, method: MethodId, body: &[u8], out: &mut Vec<u8>) -> Result<(), Failure>;

    /// Answers a read from the state as it is.
    fn read(&self, method: MethodId, body: &[u8], out: &mut Vec<u8>) -> Result<(), Failure>;
}

/// What the leader asks before it lets a request in, without touching any state.
pub(crate) trait Checker: Send + Sync {
    /// Whether the method exists, has the kind that `access` says, keeps the limits, and (for writes,
    /// since what is logged must decode on every replica) whether `body` decodes, key and rest apart.
    fn check(&self, access: Access, method: MethodId, key_len: u32, body: &[u8]) -> Result<(), Failure>;
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
