//! The other members, as a shard reaches them.

use super::super::wire::Message;
use super::super::wire::beats::{Beat, Beats, ROOM_UNKNOWN};
use crate::codec::ids::{GroupId, MemberId};
use crate::raft;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The connections to the other members. Never blocks.
pub(crate) trait Links: fmt::Debug + Send {
    /// Hands a message over for sending. `false`: there is no connection or no room, and the message is
    /// gone; cores are made for that, forwarded requests are answered.
    fn send(&mut self, to: MemberId, message: Message) -> bool;

    /// The turn is over: what was handed over leaves now, all that is for one member together.
    fn flush(&mut self);
}

/// The connections, and which of them are open.
#[derive(Debug)]
pub(super) struct Peers {
    links: Box<dyn Links>,
    /// Members that requests can be sent to.
    open: BTreeSet<MemberId>,
    /// Heartbeats and answers to such that this turn has made: one message takes all that are for one member.
    beats: BTreeMap<MemberId, Vec<Beat>>,
}

impl Peers {
    pub(super) fn new(links: Box<dyn Links>) -> Peers {
        Peers { links, open: BTreeSet::new(), beats: BTreeMap::new() }
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
    pub(super) fn send(&mut self, to: MemberId, message: Message) -> bool {
        self.links.send(to, message)
    }

    /// Sends a message of one group that brings no entries. One that is refused is lost, as any may be: the core hears
    /// of it by the next heartbeat.
    pub(super) fn tell(&mut self, to: MemberId, group: GroupId, message: raft::message::Message) {
        use raft::message::Message as M;
        match message {
            M::Heartbeat { .. } | M::HeartbeatReply { .. } => {
                self.beats.entry(to).or_default().push(Beat { group, message, note: 0 });
            }
            message => {
                self.links.send(to, Message::plain(group, message));
            }
        }
    }

    /// Sends what the turn has gathered.
    pub(super) fn flush(&mut self) {
        for (to, beats) in self.beats.iter_mut().filter(|(_, beats)| !beats.is_empty()) {
            let beats = std::mem::take(beats);
            self.links.send(*to, Message::Beats(Beats { room: ROOM_UNKNOWN, beats }));
        }
        self.links.flush();
    }
}
