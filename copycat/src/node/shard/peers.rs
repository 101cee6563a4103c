//! The other members, as a shard reaches them.

use crate::codec::ids::{GroupId, MemberId};
use crate::raft::message::Message;
use crate::transport::wire;
use std::collections::BTreeSet;
use std::fmt;

/// The connections to the other members. Never blocks.
pub(crate) trait Links: fmt::Debug + Send {
    /// Hands a message over for sending. `false`: there is no connection or no room, and the message is
    /// gone; cores are made for that, forwarded requests are answered.
    fn send(&mut self, to: MemberId, message: wire::Message) -> bool;

    /// The turn is over: what was handed over leaves now, all that is for one member together.
    fn flush(&mut self);
}

/// The connections, and which of them are open.
#[derive(Debug)]
pub(super) struct Peers {
    links: Box<dyn Links>,
    /// Members that requests can be sent to.
    open: BTreeSet<MemberId>,
}

impl Peers {
    pub(super) fn new(links: Box<dyn Links>) -> Peers {
        Peers { links, open: BTreeSet::new() }
    }

    pub(super) fn opened(&mut self, peer: MemberId) {
        self.open.insert(peer);
    }

    pub(super) fn closed(&mut self, peer: MemberId) {
        self.open.remove(&peer);
    }

    pub(super) fn is_open(&self, peer: MemberId) -> bool {
        self.open.contains(&peer)
    }

    /// See [`Links::send`].
    pub(super) fn send(&mut self, to: MemberId, message: wire::Message) -> bool {
        self.links.send(to, message)
    }

    /// Sends what the turn has gathered.
    pub(super) fn flush(&mut self) {
        self.links.flush();
    }
}

/// A message that brings no entries.
pub(super) fn plain(group: GroupId, message: Message) -> wire::Message {
    wire::Message::Raft { group, message, frames: Vec::new() }
}
