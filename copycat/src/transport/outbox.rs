//! What waits to be written on one connection.

use super::wire::Message;
use thiserror::Error;

/// Why a message was not queued. It was certainly not sent, not even in part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum Unsent {
    /// There is no connection at the moment.
    #[error("not connected")]
    Disconnected,
    /// Too much is waiting already.
    #[error("too much is waiting to be sent")]
    Full,
    /// A part of the message is longer than any message may be.
    #[error("the message is longer than any message may be")]
    TooLarge,
}

/// The way into a connection, from any thread. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Sender {}

impl Sender {
    /// Queues a message; never blocks. `Ok` means that it travels on the present connection, or that its
    /// loss is told by `Disconnected` or `Gone`. Messages of one sender arrive in the order they were sent in.
    ///
    /// Long appends, and long batches of requests or results, leave as several consecutive messages.
    pub(crate) fn send(&self, message: Message) -> Result<(), Unsent> {
        unimplemented!("{message:?}")
    }
}
