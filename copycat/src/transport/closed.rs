//! Reasons why a connection ended.

use super::wire::Refusal;
use super::wire::unreadable::Unreadable;
use crate::codec::cursor::Malformed;
use std::io;
use thiserror::Error;

/// The reason why a connection ended. What was queued on it is lost, except after `Drained`.
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
    /// A message arrived that cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The caller was accepted before bootstrap, and is refused now.
    #[error("judged again once the cluster was formed: {0}")]
    Unfit(Refusal),
    /// A message can be read, but makes no sense at this point.
    #[error("the other side does not keep to the rules")]
    Misused,
    /// Nothing arrived from the other side for too long, not even a ping.
    #[error("nothing was heard from the other side")]
    Silent,
    /// The dial or the handshake took too long.
    #[error("no handshake in time")]
    Late,
    /// The other side does not read.
    #[error("the other side does not read what it is sent")]
    Overflowed,
    /// The member opened a newer connection of the same priority.
    #[error("the member opened the connection again")]
    Replaced,
    /// This side closed it after everything queued was written.
    #[error("closed in order")]
    Drained,
    /// This side is stopping.
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
    /// Returns whether an operator should look at it.
    pub(super) fn is_alarming(&self) -> bool {
        !matches!(
            self,
            Closed::Ended | Closed::Network(_) | Closed::Replaced | Closed::Drained | Closed::Stopped
        )
    }
}
