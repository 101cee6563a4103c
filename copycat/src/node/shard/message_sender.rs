//! The messages of one group's core to the other members: each leaves when what it promises is durable.

use super::super::wire;
use super::io::Io;
use super::peers::Peers;
use super::writing::Writer;
use crate::codec::ids::{GroupId, Index, MemberId};
use crate::raft::message::Message;
use crate::raft::token::Token;
use crate::storage::{Slices, StorageError};

/// The sender of one group's messages.
#[derive(Debug)]
pub(super) struct MessageSender {
    group: GroupId,
    /// Messages that wait for a token to be durable, in the order they were made.
    held: Vec<(Token, MemberId, Message)>,
    /// Members whose queue is full for the entries of the current effects.
    full_queues: Vec<MemberId>,
}

/// The queue to a member was full from this entry on.
#[derive(Debug)]
#[must_use = "the core goes on from there"]
pub(super) struct QueueFull(pub Index);

/// Returns whether a message makes an earlier one to the same member superfluous.
fn is_newer(message: &Message, held: &Message) -> bool {
    use Message::{HeartbeatReply, RequestVote, Vote};
    match (message, held) {
        (HeartbeatReply { .. }, HeartbeatReply { .. }) => true,
        (RequestVote { pre, .. }, RequestVote { pre: earlier, .. })
        | (Vote { pre, .. }, Vote { pre: earlier, .. }) => pre == earlier,
        _ => false,
    }
}

impl MessageSender {
    pub(super) fn new(group: GroupId) -> MessageSender {
        MessageSender { group, held: Vec::new(), full_queues: Vec::new() }
    }

    /// Prepares for the effects of one call.
    pub(super) fn begin(&mut self) {
        self.full_queues.clear();
    }

    /// Returns whether a message waits for a token to be durable.
    pub(super) fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// Holds a message until what it promises is durable.
    pub(super) fn hold(&mut self, after: Token, to: MemberId, message: Message) {
        assert!(!message.has_entries(), "what waits brings nothing that is still to be read");
        // While a disk hangs, only the newest message of most kinds is kept: an answer to a heartbeat contains all that
        // earlier ones say, and of campaigns only the latest counts.
        if !matches!(message, Message::AppendReply { .. }) {
            self.held.retain(|(_, peer, held)| *peer != to || !is_newer(&message, held));
        }
        self.held.push((after, to, message));
    }

    /// Takes the messages that may leave once `token` is durable, in the order they were made.
    pub(super) fn take_held(&mut self, token: Token) -> impl Iterator<Item = (MemberId, Message)> + '_ {
        let taken = self.held.extract_if(.., move |(after, ..)| *after <= token);
        taken.map(|(_, to, message)| (to, message))
    }

    /// Sends the messages that may leave once `token` is durable.
    pub(super) fn release(&mut self, token: Token, peers: &mut Peers) {
        let group = self.group;
        self.take_held(token).for_each(|(to, message)| {
            peers.tell(to, group, message);
            peers.send_now(to);
        });
    }

    /// Sends a message. An append gets its entries from the log, by reference. If the connection has no capacity for
    /// it, the core must be told. Any other message that it refuses is lost, as any message may be.
    pub(super) fn send(
        &mut self,
        to: MemberId,
        message: Message,
        writer: &Writer,
        io: &mut Io,
    ) -> Result<Option<QueueFull>, StorageError> {
        match &message {
            // Further appends to this member are neither read nor sent, because they would leave a gap.
            Message::Append { .. } if self.full_queues.contains(&to) => Ok(None),
            _ if message.has_entries() => self.send_entries(to, &message, writer, io),
            _ => {
                io.peers.tell(to, self.group, message);
                Ok(None)
            }
        }
    }

    /// Sends an append in pieces, each of them a complete append, as far as the queue of the connection takes them. A
    /// follower that lags far behind gets what fits, and continues from there.
    fn send_entries(
        &mut self,
        to: MemberId,
        append: &Message,
        writer: &Writer,
        io: &mut Io,
    ) -> Result<Option<QueueFull>, StorageError> {
        let Message::Append { term, prev, commit, spans, configurations } = append else { return Ok(None) };
        let (mut prev, last) = (*prev, spans.last().map_or(0, |last| last.index));
        while prev.index < last {
            let Slices { frames, last: end } =
                io.shard_journal.journal.read(self.group, prev.index + 1, last, io.bounds.piece_bytes)?;
            let within = |index: &Index| (prev.index + 1..=end).contains(index);
            let spans = spans.part(prev.index + 1, end);
            let end = spans.last().expect("what was read is part of the append");
            assert!(prev.index < end.index && end.term <= *term, "{prev:?} to {end:?} in term {term}");
            let piece = Message::Append {
                term: *term,
                prev,
                commit: *commit,
                spans,
                configurations: configurations.iter().filter(|(index, _)| within(index)).cloned().collect(),
            };
            let (group, message, prev_checksum) = (self.group, piece, writer.checksum(prev));
            if !io.peers.send(to, wire::Message::Raft { group, message, frames, prev_checksum }) {
                self.full_queues.push(to);
                return Ok(Some(QueueFull(prev.index + 1)));
            }
            prev = end;
        }
        Ok(None)
    }
}
