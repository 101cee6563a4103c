//! Carrying out what a core decided, in its order.

use super::super::wire;
use super::ground::Ground;
use super::group::Group;
use crate::codec::entries::{Entries, Packer};
use crate::codec::frame::{Header, Kind};
use crate::codec::ids::{GroupId, Index, MemberId};
use crate::codec::terms::LogId;
use crate::raft::effect::{Effect, Effects, OwnEntry};
use crate::raft::message::Message;
use crate::raft::token::Token;
use crate::storage::{Slices, StorageError};
use std::time::Duration;

/// Bytes of entries in one message to a follower, or in one piece of work for the applier.
pub(super) const PIECE_BYTES: usize = 1 << 20;

impl Group {
    /// Does what the core asked for. `entries` are those of the message it was given, if any.
    ///
    /// The list of effects goes back to the ground, to be filled again.
    pub(super) fn carry_out(
        &mut self,
        now: Duration,
        mut effects: Effects,
        entries: &Entries,
        ground: &mut Ground,
    ) -> Result<(), StorageError> {
        let before = ground.journal.end();
        let outcome = effects.drain().try_for_each(|effect| self.carry(now, effect, entries, ground));
        ground.effects = effects;
        self.crowded.clear();
        if ground.journal.end() != before {
            ground.await_durable(self.id, self.core.token());
        }
        outcome
    }

    fn carry(
        &mut self,
        now: Duration,
        effect: Effect,
        entries: &Entries,
        ground: &mut Ground,
    ) -> Result<(), StorageError> {
        match effect {
            Effect::SaveVote { term, vote } => ground.journal.save_vote(self.id, term, vote).map(drop),
            Effect::Append { first } => self.store(now, first, entries, ground),
            Effect::AppendOwn { id, entry } => self.store_own(now, id, entry, ground),
            Effect::Send { to, message, after } if after <= self.durable => self.send(to, message, ground),
            Effect::Send { to, message, after } => {
                assert!(!message.has_entries(), "what waits brings nothing that is still to be read");
                if matches!(message, Message::HeartbeatReply { .. }) {
                    // While a disk hangs, only the newest is kept: it says all that the earlier ones did.
                    let same = |held: &Message| matches!(held, Message::HeartbeatReply { .. });
                    self.held.retain(|(_, peer, held)| *peer != to || !same(held));
                }
                self.held.push((after, to, message));
                Ok(())
            }
            Effect::Commit { index } => {
                assert!(index > self.commit, "the commit index only grows");
                self.commit = index;
                Ok(())
            }
            Effect::ReadReady { through, index } => {
                self.reads.confirm(through, index);
                Ok(())
            }
            Effect::ReadsLost => {
                self.reads.return_to(&mut self.queue);
                Ok(())
            }
            Effect::PeerLost { peer, first, last } => {
                self.found_lost += 1;
                tracing::error!(
                    group = %self.id, member = %peer, first, last,
                    "a member lost entries that it had acknowledged as durable: its disk lied or was damaged; \
                     they are sent to it again, but look at that disk before another one fails"
                );
                Ok(())
            }
            Effect::Role { role, term, leader } => {
                tracing::debug!(group = %self.id, ?role, term, ?leader, "role");
                Ok(())
            }
        }
    }

    /// The entries of a leader's message, as they came, from `first` on.
    fn store(
        &mut self,
        now: Duration,
        first: Index,
        entries: &Entries,
        ground: &mut Ground,
    ) -> Result<(), StorageError> {
        self.clock.observe(entries.time(), now);
        if entries.first() == Some(first) {
            return ground.journal.append(self.id, entries).map(drop);
        }
        ground.journal.append(self.id, &entries.suffix(first)).map(drop)
    }

    fn store_own(
        &mut self,
        now: Duration,
        LogId { term, index }: LogId,
        entry: OwnEntry,
        ground: &mut Ground,
    ) -> Result<(), StorageError> {
        let time = self.clock.stamp(now);
        self.clock.observe(time, now);
        let header = |kind| Header::bare(kind, self.id, term, index, time);
        let mut packer = Packer::with_capacity(1, 0);
        match entry {
            OwnEntry::Noop => packer.push(&header(Kind::Noop), &[]),
            OwnEntry::Configuration(configuration) => {
                packer.push_configuration(&header(Kind::Configuration), configuration);
            }
        }
        let entries = packer.seal();
        self.marks.note(&entries);
        ground.journal.append_own(self.id, &entries).map(drop)
    }

    /// Takes what waits for no more than `token` to be durable, in the order it was made.
    pub(super) fn take_held(&mut self, token: Token) -> impl Iterator<Item = (MemberId, wire::Message)> + '_ {
        let (group, taken) = (self.id, self.held.extract_if(.., move |(after, ..)| *after <= token));
        taken.map(move |(_, to, message)| (to, plain(group, message)))
    }

    /// Hands a message to the links; an append gets its entries from the journal, by reference.
    ///
    /// A message that the links refuse is lost, which is the core's daily bread: it hears of it by the next
    /// heartbeat.
    fn send(&mut self, to: MemberId, message: Message, ground: &mut Ground) -> Result<(), StorageError> {
        match &message {
            Message::Append { .. } if self.crowded.contains(&to) => Ok(()),
            _ if message.has_entries() => self.send_entries(to, &message, ground),
            _ => {
                ground.links.send(to, plain(self.id, message));
                Ok(())
            }
        }
    }

    /// Sends an append in pieces, each of them a whole append of its own, as far as the links take them: a
    /// follower that is far behind gets what fits, and goes on from there.
    fn send_entries(
        &mut self,
        to: MemberId,
        append: &Message,
        ground: &mut Ground,
    ) -> Result<(), StorageError> {
        let Message::Append { term, prev, commit, spans, configurations } = append else { return Ok(()) };
        let (mut prev, last) = (*prev, spans.last().map_or(0, |last| last.index));
        while prev.index < last {
            let Slices { frames, last: end } =
                ground.journal.read(self.id, prev.index + 1, last, PIECE_BYTES)?;
            let within = |index: &Index| (prev.index + 1..=end).contains(index);
            let spans = spans.part(prev.index + 1, end);
            let end = spans.last().expect("what was read is part of the append");
            let piece = Message::Append {
                term: *term,
                prev,
                commit: *commit,
                spans,
                configurations: configurations.iter().filter(|(index, _)| within(index)).cloned().collect(),
            };
            let (message, prev_checksum) = (piece, self.marks.checksum(prev));
            if !ground.links.send(to, wire::Message::Raft { group: self.id, message, frames, prev_checksum })
            {
                // What else was to go there is neither read nor sent: it would leave a gap.
                self.crowded.push(to);
                self.core.refused(to, prev.index + 1);
                return Ok(());
            }
            prev = end;
        }
        Ok(())
    }
}

/// A message that brings no entries.
fn plain(group: GroupId, message: Message) -> wire::Message {
    wire::Message::plain(group, message)
}
