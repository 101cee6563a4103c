//! The other members, as a shard sends to them.

use super::super::wire::Message;
use super::super::wire::heartbeats::{DISK_FREE_UNKNOWN, HEARTBEATS_MAX, HeartbeatBatch, HeartbeatRecord};
use crate::codec::ids::{GroupId, MemberId};
use crate::raft;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// The connections to the other members. No method blocks.
pub(crate) trait Links: fmt::Debug + Send {
    /// Queues a message for sending. Returns `false` if there is no connection or the message does not fit in its
    /// queue; the message is then lost. Cores tolerate lost messages; forwarded requests are answered.
    fn send(&mut self, to: MemberId, message: Message) -> bool;

    /// Sends the queued messages at the end of a turn, those for one member together.
    fn flush(&mut self);
}

/// The connections, their state, and the heartbeats that are collected for them.
#[derive(Debug)]
pub(super) struct Peers {
    links: Box<dyn Links>,
    peers: BTreeMap<MemberId, Peer>,
    /// The options of the cores.
    options: raft::options::RaftOptions,
}

/// The state of one other member.
#[derive(Debug, Default)]
struct Peer {
    /// Whether requests can be sent to the member.
    open: bool,
    /// Heartbeats and their answers that wait to be sent: one message carries those of all groups.
    records: Vec<HeartbeatRecord>,
    /// Whether some of them must leave in this turn.
    urgent: bool,
    /// The time when the next heartbeats to the member are due; in the past if none were sent lately.
    next_heartbeat: Duration,
}

impl Peer {
    /// Returns whether the collected answers wait for the next heartbeats. They do if none is urgent and the heartbeats
    /// are due soon. So two members that lead groups of each other exchange as many messages as if only one of them
    /// led.
    fn holds(&self, now: Duration, delay_max: Duration) -> bool {
        let soon = now < self.next_heartbeat && self.next_heartbeat - now <= delay_max;
        !self.urgent && soon && self.records.len() < HEARTBEATS_MAX
    }
}

impl Peers {
    /// Wraps the connections of a shard whose cores have these options.
    pub(super) fn new(links: Box<dyn Links>, options: &raft::options::RaftOptions) -> Peers {
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

    /// Sends a message; see [`Links::send`].
    pub(super) fn send(&mut self, to: MemberId, message: Message) -> bool {
        self.links.send(to, message)
    }

    /// Sends a message of one group that carries no entries. A message that the connection refuses is lost, as any
    /// message may be. The next heartbeat or campaign makes up for it.
    pub(super) fn tell(&mut self, to: MemberId, group: GroupId, message: raft::message::Message) {
        use raft::message::Message as M;
        assert!(!message.has_entries(), "the entries of a message stay behind");
        match message {
            M::Heartbeat { .. } | M::HeartbeatReply { .. } => {
                let peer = self.peer(to);
                peer.urgent |= matches!(message, M::Heartbeat { .. });
                peer.records.push(HeartbeatRecord { group, message, note: 0 });
            }
            message => {
                self.links.send(to, Message::plain(group, message));
            }
        }
    }

    /// Marks the messages for a member as urgent, because it waits for an answer: this turn delays none of them.
    pub(super) fn hurry(&mut self, to: MemberId) {
        self.peer(to).urgent = true;
    }

    /// Returns the time at which delayed answers must leave.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let holding = self.peers.values().filter(|peer| !peer.records.is_empty());
        holding.map(|peer| peer.next_heartbeat).min()
    }

    /// Sends the collected heartbeats and answers, except those that are delayed.
    pub(super) fn flush(&mut self, now: Duration) {
        for (to, peer) in &mut self.peers {
            let holds = peer.holds(now, self.options.answer_delay_max());
            peer.urgent = false;
            if peer.records.is_empty() || holds {
                continue;
            }
            let records = std::mem::take(&mut peer.records);
            if records.iter().any(|record| matches!(record.message, raft::message::Message::Heartbeat { .. }))
            {
                peer.next_heartbeat = self.options.next_heartbeat(now);
            }
            self.links
                .send(*to, Message::Heartbeats(HeartbeatBatch { disk_free: DISK_FREE_UNKNOWN, records }));
        }
        self.links.flush();
    }
}
