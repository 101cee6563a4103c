//! Why a connection ended.

use super::wire::Refusal;
use super::wire::unreadable::Unreadable;
use crate::codec::cursor::Malformed;
use std::io;
use thiserror::Error;

/// Why a connection ended. What was queued on it is lost, except after `Drained`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Closed {
    /// The other side closed it between two messages.
    #[error("the other side closed it")]
    Ended,
    /// The other side closed it in the middle of a message.
    #[error("the other side closed it in the middle of a message")]
    Truncated,
    /// The network failed.
    #[error("the network failed: {0}")]
    Network(io::ErrorKind),
    /// A message came that cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The caller was let in before the cluster was formed, and would not be now.
    #[error("judged again once the cluster was formed: {0}")]
    Unfit(Refusal),
    /// What the other side said can be read, and makes no sense where it was said.
    #[error("the other side does not keep to the rules")]
    Misused,
    /// Nothing came from the other side for too long, not even a sign of life.
    #[error("nothing was heard from the other side")]
    Silent,
    /// The other side took too long to say who it is.
    #[error("no handshake in time")]
    Late,
    /// The other side does not read.
    #[error("the other side does not read what it is sent")]
    Overflowed,
    /// The same member opened the same lane again.
    #[error("the member opened the lane again")]
    Replaced,
    /// This side closed it in order; everything queued was written.
    #[error("closed in order")]
    Drained,
    /// This side has stopped listening.
    #[error("this side is stopping")]
    Stopped,
}

impl From<io::Error> for Closed {
    fn from(error: io::Error) -> Closed {
        Closed::Network(error.kind())
    }
}

impl From<Malformed> for Closed {
    fn from(malformed: Malformed) -> Closed {
        Closed::Unreadable(malformed.into())
    }
}

impl Closed {
    /// Whether somebody should look at it.
    pub(super) fn is_alarming(&self) -> bool {
        !matches!(
            self,
            Closed::Ended | Closed::Network(_) | Closed::Replaced | Closed::Drained | Closed::Stopped
        )
    }
}
