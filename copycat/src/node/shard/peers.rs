//! The other members, as a shard reaches them.

use super::super::wire::Message;
use super::super::wire::heartbeats::{HEARTBEATS_MAX, HeartbeatBatch, HeartbeatRecord, ROOM_UNKNOWN};
use crate::codec::ids::{GroupId, MemberId};
use crate::raft;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// The connections to the other members. Never blocks.
pub(crate) trait Links: fmt::Debug + Send {
    /// Hands a message over for sending. `false`: there is no connection or no room, and the message is
    /// gone; cores are made for that, forwarded requests are answered.
    fn send(&mut self, to: MemberId, message: Message) -> bool;

    /// The turn is over: what was handed over leaves now, all that is for one member together.
    fn flush(&mut self);
}

/// The connections, what is known of them, and what is gathered for them.
#[derive(Debug)]
pub(super) struct Peers {
    links: Box<dyn Links>,
    peers: BTreeMap<MemberId, Peer>,
    /// Settings of the cores.
    options: raft::options::Options,
}

/// One of the other members.
#[derive(Debug, Default)]
struct Peer {
    /// Requests can be sent to it.
    open: bool,
    /// Heartbeats, and answers to such, that are to be sent: one message takes those of all groups.
    beats: Vec<HeartbeatRecord>,
    /// Some of them must leave with this turn.
    urgent: bool,
    /// When the next heartbeats are due to whom heartbeats were sent; in the past if there were none of late.
    next_beat: Duration,
}

impl Peer {
    /// Whether what is gathered waits for the next heartbeats: it is nothing but answers that nobody waits for, and the
    /// heartbeats are due soon. So two members that lead groups of each other exchange as many messages as if only one
    /// of them led.
    fn holds(&self, now: Duration, delay_max: Duration) -> bool {
        let soon = now < self.next_beat && self.next_beat - now <= delay_max;
        !self.urgent && soon && self.beats.len() < HEARTBEATS_MAX
    }
}

impl Peers {
    /// Connections of a shard whose cores have these settings.
    pub(super) fn new(links: Box<dyn Links>, options: &raft::options::Options) -> Peers {
        Peers { links, peers: BTreeMap::new(), options: options.clone() }
    }

    pub(super) fn opened(&mut self, peer: MemberId) {
        self.peer(peer).open = true;
    }

    pub(super) fn closed(&mut self, peer: MemberId) {
        self.peer(peer).open = false;
    }

    pub(super) fn is_open(&self, peer: MemberId) -> bool {
        self.peers.get(&peer).is_some_and(|peer| peer.open)
    }

    fn peer(&mut self, peer: MemberId) -> &mut Peer {
        self.peers.entry(peer).or_default()
    }

    /// See [`Links::send`].
    pub(super) fn send(&mut self, to: MemberId, message: Message) -> bool {
        self.links.send(to, message)
    }

    /// Sends a message of one group that brings no entries. One that is refused is lost, as any may be: the core hears
    /// of it by the next heartbeat.
    pub(super) fn tell(&mut self, to: MemberId, group: GroupId, message: raft::message::Message) {
        use raft::message::Message as M;
        assert!(!message.has_entries(), "the entries of a message stay behind");
        match message {
            M::Heartbeat { .. } | M::HeartbeatReply { .. } => {
                let peer = self.peer(to);
                peer.urgent |= matches!(message, M::Heartbeat { .. });
                peer.beats.push(HeartbeatRecord { group, message, note: 0 });
            }
            message => {
                self.links.send(to, Message::plain(group, message));
            }
        }
    }

    /// The member waits for an answer to its heartbeat: nothing that is for it is held back in this turn.
    pub(super) fn hurry(&mut self, to: MemberId) {
        self.peer(to).urgent = true;
    }

    /// When something that is held back must leave.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let holding = self.peers.values().filter(|peer| !peer.beats.is_empty());
        holding.map(|peer| peer.next_beat).min()
    }

    /// Sends what was gathered, except what is held back.
    pub(super) fn flush(&mut self, now: Duration) {
        for (to, peer) in &mut self.peers {
            let holds = peer.holds(now, self.options.answer_delay_max());
            peer.urgent = false;
            if peer.beats.is_empty() || holds {
                continue;
            }
            let beats = std::mem::take(&mut peer.beats);
            if beats.iter().any(|beat| matches!(beat.message, raft::message::Message::Heartbeat { .. })) {
                peer.next_beat = self.options.next_heartbeat(now);
            }
            self.links.send(*to, Message::Heartbeats(HeartbeatBatch { room: ROOM_UNKNOWN, beats }));
        }
        self.links.flush();
    }
}
