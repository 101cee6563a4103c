//! Reasons why a message cannot be read.

use crate::codec::cursor::Malformed;
use thiserror::Error;

/// The reason why a message cannot be read. Its connection ends: the bytes after it could mean anything.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Unreadable {
    /// The bytes are not a valid message.
    #[error("malformed message: {0}")]
    Malformed(#[from] Malformed),
    /// This side does not understand the kind.
    #[error("unknown message: kind {kind} of family {family}")]
    Unknown {
        /// The family that it names.
        family: u8,
        /// The kind that it names.
        kind: u8,
    },
    /// The other side must not send this kind here.
    #[error("kind {kind} of family {family} has no place on this connection")]
    Misplaced {
        /// The family of the message.
        family: u8,
        /// The kind of the message.
        kind: u8,
    },
}
