//! A remote handle's connection to one member.

use super::endpoint::Event;
use super::limits::Limits;
use super::outbox::Sender;
use super::seam::Transport;
use super::wire::{Identity, Refusal};
use std::io;
use std::sync::Arc;
use thiserror::Error;
use tokio::sync::mpsc;

/// Why no member could be reached; nothing was sent.
#[derive(Debug, Error)]
pub(crate) enum ClientError {
    /// No address answered; the last one's error.
    #[error("no member could be reached: {0}")]
    Unreachable(#[source] io::Error),
    /// A member answered and refused.
    #[error("the member refused: {0}")]
    Refused(#[source] Refusal),
}

/// An open connection. Dropping it cuts it.
pub(crate) struct Client {
    /// The way to the member.
    pub sender: Sender,
    /// [`Event::Received`] with results, from [`Source::Server`](super::endpoint::Source::Server), then one [`Event::Gone`].
    pub events: mpsc::Receiver<Event>,
    /// The member that answered, and its cluster's formation.
    pub identity: Identity,
}

impl Client {
    /// Tries the addresses in order, beginning anywhere the caller likes, and keeps the first member that
    /// lets it in. `cluster` is the one expected, 0: any.
    pub(crate) async fn connect(
        network: &Arc<dyn Transport>,
        addresses: &[String],
        cluster: u128,
        limits: &Limits,
    ) -> Result<Client, ClientError> {
        let _ = (network, addresses, cluster, limits);
        unimplemented!()
    }
}
