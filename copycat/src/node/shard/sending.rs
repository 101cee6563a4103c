//! What one group's core says to the other members: at once, or when what it promises is durable.

use super::super::wire;
use super::io::Io;
use super::peers::Peers;
use super::writing::Writer;
use crate::codec::ids::{GroupId, Index, MemberId};
use crate::raft::message::Message;
use crate::raft::token::Token;
use crate::storage::{Slices, StorageError};

/// Sends the messages of one group.
#[derive(Debug)]
pub(super) struct Sender {
    group: GroupId,
    /// Messages whose promise is not durable yet, in the order they were made.
    held: Vec<(Token, MemberId, Message)>,
    /// Members for whose entries there is no room among what the effects under way send.
    crowded: Vec<MemberId>,
}

/// An append found no room on its way, from this entry on.
#[derive(Debug)]
#[must_use = "the core goes on from there"]
pub(super) struct QueueFull(pub Index);

impl Sender {
    pub(super) fn new(group: GroupId) -> Sender {
        Sender { group, held: Vec::new(), crowded: Vec::new() }
    }

    /// The effects of one call are about to be carried out.
    pub(super) fn begin(&mut self) {
        self.crowded.clear();
    }

    /// Whether a message waits for something to be durable.
    pub(super) fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// Keeps a message until what it promises is durable.
    pub(super) fn hold(&mut self, after: Token, to: MemberId, message: Message) {
        assert!(!message.has_entries(), "what waits brings nothing that is still to be read");
        if matches!(message, Message::HeartbeatReply { .. }) {
            // While a disk hangs, only the newest is kept: it says all that the earlier ones did.
            let same = |held: &Message| matches!(held, Message::HeartbeatReply { .. });
            self.held.retain(|(_, peer, held)| *peer != to || !same(held));
        }
        self.held.push((after, to, message));
    }

    /// Takes what waits for no more than `token` to be durable, in the order it was made.
    pub(super) fn take_held(&mut self, token: Token) -> impl Iterator<Item = (MemberId, Message)> + '_ {
        let taken = self.held.extract_if(.., move |(after, ..)| *after <= token);
        taken.map(|(_, to, message)| (to, message))
    }

    /// Sends what waits for no more than `token` to be durable.
    pub(super) fn release(&mut self, token: Token, peers: &mut Peers) {
        let group = self.group;
        self.take_held(token).for_each(|(to, message)| {
            peers.tell(to, group, message);
            peers.hurry(to);
        });
    }

    /// Sends a message; an append gets its entries from the log, by reference. One that the connection refuses is
    /// lost, as any may be: the core hears of it by the next heartbeat.
    pub(super) fn send(
        &mut self,
        to: MemberId,
        message: Message,
        writer: &Writer,
        io: &mut Io,
    ) -> Result<Option<QueueFull>, StorageError> {
        match &message {
            // What else was to go there is neither read nor sent: it would leave a gap.
            Message::Append { .. } if self.crowded.contains(&to) => Ok(None),
            _ if message.has_entries() => self.send_entries(to, &message, writer, io),
            _ => {
                io.peers.tell(to, self.group, message);
                Ok(None)
            }
        }
    }

    /// Sends an append in pieces, each of them a whole append of its own, as far as the connection takes them: a
    /// follower that is far behind gets what fits, and goes on from there.
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
                io.log.journal.read(self.group, prev.index + 1, last, io.bounds.piece_bytes)?;
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
                self.crowded.push(to);
                return Ok(Some(QueueFull(prev.index + 1)));
            }
            prev = end;
        }
        Ok(None)
    }
}
