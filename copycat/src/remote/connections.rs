//! The open connections, at most one per member.

use super::wire::Incoming;
use crate::codec::ids::MemberId;
use crate::transport::client::Client;
use crate::transport::event::Event;
use crate::transport::sender::Unsent;
use crate::transport::wire::Outgoing;
use std::future::poll_fn;
use std::task::{Context, Poll};
use tokio::task::JoinSet;

/// The number of a connection, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ConnectionId(pub u64);

#[derive(Debug)]
struct Link {
    id: ConnectionId,
    client: Client<Incoming>,
    /// Set while something is queued for it.
    queued: bool,
}

/// All open connections.
#[derive(Debug, Default)]
pub(super) struct Connections {
    all: Vec<Link>,
    opened: u64,
    /// The index of the connection that is polled first, so that a busy one does not starve the others.
    first: usize,
}

impl Connections {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn add(&mut self, client: Client<Incoming>) -> ConnectionId {
        self.opened += 1;
        let id = ConnectionId(self.opened);
        self.all.push(Link { id, client, queued: false });
        id
    }

    /// Returns the connection to a member.
    pub(super) fn to(&self, member: MemberId) -> Option<ConnectionId> {
        let connection = self.all.iter().find(|connection| connection.client.identity.member == member)?;
        Some(connection.id)
    }

    /// Returns the address at which the member of a connection answered.
    pub(super) fn address(&self, id: ConnectionId) -> Option<&str> {
        let connection = self.all.iter().find(|connection| connection.id == id)?;
        Some(&connection.client.address)
    }

    /// Keeps the connections that are needed and cuts the others, which are returned.
    pub(super) fn retain(&mut self, needed: impl Fn(ConnectionId) -> bool) -> Vec<ConnectionId> {
        self.all.extract_if(.., |connection| !needed(connection.id)).map(|connection| connection.id).collect()
    }

    /// Queues a message until [`write_queued`](Self::write_queued). After an error, it was certainly not sent.
    pub(super) fn queue(&mut self, id: ConnectionId, message: impl Outgoing) -> Result<(), Unsent> {
        let connection =
            self.all.iter_mut().find(|connection| connection.id == id).ok_or(Unsent::Disconnected)?;
        connection.client.sender.queue(message)?;
        connection.queued = true;
        Ok(())
    }

    /// Writes what is queued, everything for one member together.
    pub(super) fn write_queued(&mut self) {
        for connection in self.all.iter_mut().filter(|connection| connection.queued) {
            connection.queued = false;
            connection.client.sender.write_queued();
        }
    }

    /// Waits for the next event, and returns it with its connection. Does not return while there is no
    /// connection.
    pub(super) async fn next_event(&mut self) -> (ConnectionId, Option<Event<Incoming>>) {
        poll_fn(|context| self.poll_event(context)).await
    }

    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<(ConnectionId, Option<Event<Incoming>>)> {
        let count = self.all.len();
        for step in 0..count {
            let at = (self.first + step) % count;
            let connection = &mut self.all[at];
            if let Poll::Ready(event) = connection.client.events.poll_recv(context) {
                self.first = at + 1;
                return Poll::Ready((connection.id, event));
            }
        }
        Poll::Pending
    }

    /// Writes what is queued, within the limits' linger, and closes all connections.
    pub(super) async fn close(&mut self) {
        let mut closing = JoinSet::new();
        for connection in self.all.drain(..) {
            closing.spawn(connection.client.close());
        }
        closing.join_all().await;
    }
}
