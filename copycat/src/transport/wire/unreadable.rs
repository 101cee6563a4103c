//! Why a message is not read.

use crate::codec::cursor::Malformed;
use thiserror::Error;

/// Why a message is not read. Its connection ends: bytes behind it could mean anything.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Unreadable {
    /// The bytes are no message.
    #[error("malformed message: {0}")]
    Malformed(#[from] Malformed),
    /// This side understands no such message.
    #[error("unknown message: kind {kind} of family {family}")]
    Unknown {
        /// As it says.
        family: u8,
        /// As it says.
        kind: u8,
    },
    /// The other side must not send such a message here.
    #[error("kind {kind} of family {family} has no place on this connection")]
    Misplaced {
        /// Whose body it has.
        family: u8,
        /// What it is.
        kind: u8,
    },
}
