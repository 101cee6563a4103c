//! A remote handle's connection to one member.

use super::closed::Closed;
use super::connection::{self, Reader};
use super::event::{Event, Source};
use super::handshake::{self, Opened};
use super::limits::Limits;
use super::network::Transport;
use super::queue::Overflow;
use super::send_queue::send_queue;
use super::sender::Sender;
use super::task::Task;
use super::wire::hello::VERSION;
use super::wire::{CallerKind, Hello, Incoming, Refusal, Welcome};
use crate::codec::ids::MemberId;
use std::time::Duration;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Events that may wait for the handle before its connection is no longer read.
const EVENTS_MAX: usize = 64;

/// The reason why no member could be reached. Nothing was submitted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum ClientError {
    /// No address was given.
    #[error("no address is known")]
    NoAddress,
    /// No address could be reached; holds the last failure.
    #[error("no member could be reached: {0}")]
    Unreachable(Closed),
    /// A member refused the connection; holds the last refusal.
    #[error("the member refused: {0}")]
    Refused(Refusal),
}

/// An open connection. Dropping it cuts the connection.
#[derive(Debug)]
pub(crate) struct Client<I> {
    /// Sends messages to the member.
    pub sender: Sender,
    /// The arrivals: [`Event::Received`] from [`Source::Server`], then one [`Event::Gone`].
    pub events: mpsc::Receiver<Event<I>>,
    /// The member that answered.
    pub identity: Welcome,
    /// The address at which it answered.
    pub address: String,
    task: Task,
    linger: Duration,
}

impl<I: Incoming> Client<I> {
    /// Tries the addresses in order and keeps the first member that accepts the connection. `cluster` is the
    /// expected cluster, 0 for any; `expected` is the member, if it must be a certain one. Must be called
    /// within the runtime that is to run the connection.
    pub(crate) async fn connect(
        network: &dyn Transport,
        addresses: &[String],
        cluster: u128,
        expected: Option<MemberId>,
        limits: &Limits,
    ) -> Result<Client<I>, ClientError> {
        let mut failed = ClientError::NoAddress;
        for address in addresses {
            let opened = timeout(limits.handshake_timeout, open(network, address, cluster, expected)).await;
            match opened.unwrap_or(Err(ClientError::Unreachable(Closed::Late))) {
                Ok((opened, identity)) => return Ok(Client::start(opened, identity, address, limits)),
                // A refusal says more than another member's silence.
                Err(ClientError::Unreachable(_)) if matches!(failed, ClientError::Refused(_)) => {}
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    fn start(opened: Opened, identity: Welcome, address: &str, limits: &Limits) -> Client<I> {
        let (inbox, events) = mpsc::channel(EVENTS_MAX);
        let reader = Reader { inbox, from: Source::Server { id: identity.member }, recheck: None };
        let (sender, send_queue) = send_queue(limits.bulk_bytes_max, Overflow::Refuse);
        send_queue.open();
        let (limits, linger) = (limits.clone(), limits.linger);
        let task = Task::start(async move {
            let closed = connection::serve(opened, &send_queue, Some(&reader), &limits).await;
            send_queue.shut();
            tracing::info!(from = ?reader.from, reason = %closed, "connection closed");
            // Fails only if the handle is gone, and then the event is not needed.
            let _unheard = reader.inbox.send(Event::Gone { from: reader.from }).await;
        });
        Client { sender, events, identity, address: address.to_owned(), task, linger }
    }

    /// Writes what is queued within the limits' linger, then ends the connection. Replies still in flight are
    /// lost.
    pub(crate) async fn close(self) {
        let lingers = self.sender.drain();
        drop(self.events);
        self.task.end_within(if lingers { self.linger } else { Duration::ZERO }).await;
    }
}

async fn open(
    network: &dyn Transport,
    address: &str,
    cluster: u128,
    expected: Option<MemberId>,
) -> Result<(Opened, Welcome), ClientError> {
    let unreachable = ClientError::Unreachable;
    let stream = network.connect(address).await.map_err(|error| unreachable(error.into()))?;
    let hello = Hello { version: VERSION, role: CallerKind::Client, cluster, expected };
    let answer = handshake::call(stream, &hello).await.map_err(unreachable)?;
    let (opened, identity) = answer.map_err(ClientError::Refused)?;
    if cluster != 0 && identity.cluster != cluster {
        return Err(ClientError::Refused(Refusal::WrongCluster));
    }
    if expected.is_some_and(|expected| expected != identity.member) {
        return Err(ClientError::Refused(Refusal::NotMe));
    }
    Ok((opened, identity))
}
