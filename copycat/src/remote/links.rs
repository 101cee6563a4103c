//! The open connections, one per member at most.

use super::wire::Incoming;
use crate::codec::ids::MemberId;
use crate::transport::client::Client;
use crate::transport::event::Event;
use crate::transport::sender::Unsent;
use crate::transport::wire::Outgoing;
use std::future::poll_fn;
use std::task::{Context, Poll};
use tokio::task::JoinSet;

/// The number of a connection, never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LinkId(pub u64);

#[derive(Debug)]
struct Link {
    id: LinkId,
    client: Client<Incoming>,
    /// Something was queued for it.
    queued: bool,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Links {
    all: Vec<Link>,
    opened: u64,
    /// The one that is listened to first: none waits behind another that talks all the time.
    first: usize,
}

impl Links {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn add(&mut self, client: Client<Incoming>) -> LinkId {
        self.opened += 1;
        let id = LinkId(self.opened);
        self.all.push(Link { id, client, queued: false });
        id
    }

    /// The connection to a member.
    pub(super) fn to(&self, member: MemberId) -> Option<LinkId> {
        let link = self.all.iter().find(|link| link.client.identity.member == member)?;
        Some(link.id)
    }

    /// Where the member of a connection answered.
    pub(super) fn address(&self, id: LinkId) -> Option<&str> {
        let link = self.all.iter().find(|link| link.id == id)?;
        Some(&link.client.address)
    }

    /// Keeps those that are needed and cuts the others.
    pub(super) fn retain(&mut self, needed: impl Fn(LinkId) -> bool) -> Vec<LinkId> {
        self.all.extract_if(.., |link| !needed(link.id)).map(|link| link.id).collect()
    }

    /// Queues a message until [`write_queued`](Self::write_queued). `Err`: certainly not sent.
    pub(super) fn queue(&mut self, id: LinkId, message: impl Outgoing) -> Result<(), Unsent> {
        let link = self.all.iter_mut().find(|link| link.id == id).ok_or(Unsent::Disconnected)?;
        link.client.sender.queue(message)?;
        link.queued = true;
        Ok(())
    }

    /// Writes what is queued: all that is for one member together.
    pub(super) fn write_queued(&mut self) {
        for link in self.all.iter_mut().filter(|link| link.queued) {
            link.queued = false;
            link.client.sender.write_queued();
        }
    }

    /// What is heard next, and on which connection; never, while there is none.
    pub(super) async fn next_event(&mut self) -> (LinkId, Option<Event<Incoming>>) {
        poll_fn(|context| self.poll_event(context)).await
    }

    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<(LinkId, Option<Event<Incoming>>)> {
        let count = self.all.len();
        for step in 0..count {
            let at = (self.first + step) % count;
            let link = &mut self.all[at];
            if let Poll::Ready(event) = link.client.events.poll_recv(context) {
                self.first = at + 1;
                return Poll::Ready((link.id, event));
            }
        }
        Poll::Pending
    }

    /// Writes what is queued, within the limits' linger, and ends all of them.
    pub(super) async fn close(&mut self) {
        let mut closing = JoinSet::new();
        for link in self.all.drain(..) {
            closing.spawn(link.client.close());
        }
        closing.join_all().await;
    }
}
