//! The open connections, one per member at most.

use crate::codec::ids::MemberId;
use crate::transport::client::Client;
use crate::transport::endpoint::Event;
use crate::transport::outbox::Unsent;
use crate::transport::wire::Message;
use std::future::poll_fn;
use std::task::{Context, Poll};
use tokio::task::JoinSet;

/// The number of a connection, never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LineId(pub u64);

#[derive(Debug)]
struct Line {
    id: LineId,
    client: Client,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Lines {
    all: Vec<Line>,
    opened: u64,
    /// The one that is listened to first: none waits behind another that talks all the time.
    first: usize,
}

impl Lines {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn add(&mut self, client: Client) -> LineId {
        self.opened += 1;
        let id = LineId(self.opened);
        self.all.push(Line { id, client });
        id
    }

    /// The connection to a member.
    pub(super) fn to(&self, member: MemberId) -> Option<LineId> {
        let line = self.all.iter().find(|line| line.client.identity.member == member)?;
        Some(line.id)
    }

    /// Where the member of a connection answered.
    pub(super) fn address(&self, id: LineId) -> Option<&str> {
        let line = self.all.iter().find(|line| line.id == id)?;
        Some(&line.client.address)
    }

    /// Keeps those that are needed and cuts the others.
    pub(super) fn retain(&mut self, needed: impl Fn(LineId) -> bool) -> Vec<LineId> {
        self.all.extract_if(.., |line| !needed(line.id)).map(|line| line.id).collect()
    }

    /// Queues a message. `Err`: certainly not sent.
    pub(super) fn send(&self, id: LineId, message: Message) -> Result<(), Unsent> {
        let line = self.all.iter().find(|line| line.id == id).ok_or(Unsent::Disconnected)?;
        line.client.sender.send(message)
    }

    /// What is heard next, and on which connection; never, while there is none.
    pub(super) async fn next_event(&mut self) -> (LineId, Option<Event>) {
        poll_fn(|context| self.poll_event(context)).await
    }

    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<(LineId, Option<Event>)> {
        let count = self.all.len();
        for step in 0..count {
            let at = (self.first + step) % count;
            let line = &mut self.all[at];
            if let Poll::Ready(event) = line.client.events.poll_recv(context) {
                self.first = at + 1;
                return Poll::Ready((line.id, event));
            }
        }
        Poll::Pending
    }

    /// Writes what is queued, within the limits' linger, and ends all of them.
    pub(super) async fn close(&mut self) {
        let mut closing = JoinSet::new();
        for line in self.all.drain(..) {
            closing.spawn(line.client.close());
        }
        closing.join_all().await;
    }
}
