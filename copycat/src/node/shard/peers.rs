//! The other members, as a shard sends to them.

use super::super::wire::Message;
use super::super::wire::heartbeats::HeartbeatHead;
use super::peer::Peer;
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
    /// Whether some quiet groups must be woken.
    wakes: bool,
    /// The options of the cores. Their seed is drawn anew for each start of the member.
    options: raft::options::RaftOptions,
}

impl Peers {
    /// Wraps the connections of a shard whose cores have these options.
    pub(super) fn new(links: Box<dyn Links>, options: &raft::options::RaftOptions) -> Peers {
        Peers { links, peers: BTreeMap::new(), wakes: false, options: options.clone() }
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

    /// Returns the members to which the bulk connection is open.
    pub(super) fn connected(&self) -> Vec<MemberId> {
        self.peers.iter().filter(|(_, peer)| peer.open).map(|(id, _)| *id).collect()
    }

    fn peer(&mut self, peer: MemberId) -> &mut Peer {
        let agreement = self.options.seed.rotate_left(32) ^ peer.0;
        self.peers.entry(peer).or_insert_with(|| Peer::new(agreement))
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
            M::Heartbeat { .. } | M::HeartbeatReply { .. } => self.peer(to).push(group, message),
            message => {
                self.links.send(to, Message::plain(group, message));
            }
        }
    }

    /// Marks the messages for a member as urgent, because it waits for an answer: this turn delays none of them.
    pub(super) fn send_now(&mut self, to: MemberId) {
        self.peer(to).send_now();
    }

    /// Handles the head of a message with heartbeats or answers.
    pub(super) fn receive_head(&mut self, now: Duration, from: MemberId, head: HeartbeatHead) {
        self.wakes |= self.peer(from).receive_head(now, head);
    }

    /// Returns the time at which a member was last heard under the agreement by which groups are quiet.
    pub(super) fn heard(&self, peer: MemberId) -> Duration {
        self.peers.get(&peer).map_or(Duration::ZERO, Peer::heard_in_agreement)
    }

    /// Returns whether what a member says about quiet groups is about this member's current agreement.
    pub(super) fn is_agreement_known(&self, peer: MemberId) -> bool {
        self.peers.get(&peer).is_some_and(Peer::is_agreement_known)
    }

    /// Records that a group is quiet. Its `counterparts` are its followers if this member leads it, or its leader.
    pub(super) fn add_quiet(
        &mut self,
        group: GroupId,
        leads: bool,
        counterparts: impl Iterator<Item = MemberId>,
    ) {
        counterparts.for_each(|peer| self.peer(peer).add_quiet(group, leads));
    }

    /// Records that a group is no longer quiet. Its counterparts learn that from messages about the group.
    pub(super) fn remove_quiet(&mut self, group: GroupId) {
        self.peers.values_mut().for_each(|peer| peer.remove_quiet(group));
    }

    /// Ends the quiet of all groups that this member shares with `peer`, on both sides; see [`Peer::end_agreement`].
    pub(super) fn end_agreement(&mut self, peer: MemberId) {
        self.peer(peer).end_agreement();
        self.wakes = true;
    }

    /// Returns whether groups must wake.
    pub(super) fn must_wake(&self) -> bool {
        self.wakes
    }

    /// Takes a group that must wake, if there is one.
    pub(super) fn next_to_wake(&mut self) -> Option<GroupId> {
        let group = self.peers.values_mut().find_map(Peer::next_to_wake);
        self.wakes = group.is_some();
        group
    }

    /// Advances the time: notices members that have been silent for too long.
    pub(super) fn tick(&mut self, now: Duration) {
        for peer in self.peers.values_mut() {
            self.wakes |= peer.check_silence(now, &self.options);
        }
    }

    /// Returns the time at which [`tick`](Self::tick) or [`flush`](Self::flush) has work.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.peers.values().filter_map(|peer| peer.deadline(&self.options)).min()
    }

    /// Sends the collected heartbeats and answers, except those that are delayed, and the member heartbeats that are
    /// due.
    pub(super) fn flush(&mut self, now: Duration) {
        for (to, peer) in &mut self.peers {
            if let Some(batch) = peer.take_batch(now, &self.options) {
                self.links.send(*to, Message::Heartbeats(batch));
            }
        }
        self.links.flush();
    }
}
