//! The consensus of one group: its core, and the effects of the core, carried out in their order.

use super::input::ShardOptions;
use super::io::Io;
use super::message_sender::{MessageSender, QueueFull};
use super::queue::QueuedRequest;
use super::writing::Writer;
use crate::codec::configuration::Configuration;
use crate::codec::entries::Entries;
use crate::codec::frame::HEADER_LEN;
use crate::codec::ids::{GroupId, Index, MemberId};
use crate::codec::terms::Span;
use crate::raft::effect::{Effect, Effects};
use crate::raft::lease::Lease;
use crate::raft::message::Message;
use crate::raft::options;
use crate::raft::read_queue::ReadTicket;
use crate::raft::state::{Raft, Status};
use crate::raft::token::Token;
use crate::request::error::RequestError;
use crate::storage::{GroupState, StorageError};
use std::time::Duration;

/// Pause between two warnings about messages that no correct member sends.
const WARNING_INTERVAL: Duration = Duration::from_secs(1);
/// Pause before the next attempt when the journal had no free space for a vote.
const SPACE_CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// The core's decision about reads.
#[derive(Debug, Default)]
#[must_use = "reads wait for it"]
pub(super) struct ReadUpdate {
    /// Reads up to the ticket may run on a state that reflects the index.
    pub ready: Option<(ReadTicket, Index)>,
    /// The leadership has ended: reads that are not ready will not become ready.
    pub lost: bool,
}

/// The result of appending the writes of a turn.
#[derive(Debug)]
pub(super) enum Appended {
    /// The writes were appended as these entries, in order.
    All(Span),
    /// Nothing was appended: the core does not lead, or the disk is full.
    Refused(RequestError),
    /// Nothing was appended yet: free space is expected soon.
    Later,
}

/// One group's core, and its connection to the journal and to the other members.
#[derive(Debug)]
pub(super) struct Consensus {
    group: GroupId,
    core: Raft,
    writer: Writer,
    sender: MessageSender,
    /// The newest token that the journal has reported as durable.
    durable: Token,
    /// The newest durable token that the core knows. The report may make the core a leader, and a leader needs space
    /// for its first entry. So the report is delayed while the disk is full.
    core_durable: Token,
    commit: Index,
    /// The followers that may be quiet because this member leads them.
    quiet_followers: Vec<MemberId>,
    /// Whether the core is not ticked, so that it says nothing as a leader.
    ticking_stopped: bool,
    next_warning: Duration,
    lost_entries_found: u64,
}

impl Consensus {
    /// Restores the core from the journal's state of the group. `last_time` is the cluster time of the last entry.
    pub(super) fn new(
        group: GroupId,
        options: &ShardOptions,
        initial: Configuration,
        recovered: GroupState,
        last_time: Option<u64>,
        now: Duration,
    ) -> Consensus {
        let restored = options::Restored {
            id: options.me,
            initial,
            longest_election_timeout: options.longest_election_timeout,
            term: recovered.term,
            vote: recovered.vote,
            log: recovered.log,
            commit: recovered.commit,
            configurations: recovered.configurations,
        };
        // Members and groups draw different election timeouts, and a simulated member always the same.
        let seed = options.raft.seed ^ group.0.rotate_left(17) ^ options.me.0;
        let core = Raft::new(options::RaftOptions { seed, ..options.raft.clone() }, restored, now);
        Consensus {
            group,
            durable: core.token(),
            core_durable: core.token(),
            commit: core.status().commit,
            core,
            writer: Writer::new(group, last_time, now),
            sender: MessageSender::new(group),
            quiet_followers: Vec::new(),
            ticking_stopped: false,
            next_warning: Duration::ZERO,
            lost_entries_found: 0,
        }
    }

    /// Returns the status of the core.
    pub(super) fn status(&self) -> Status {
        self.core.status()
    }

    /// Returns the last index of the core's log, which is also the last index in the journal.
    pub(super) fn last(&self) -> Index {
        self.core.log().last().index
    }

    /// Returns the voters of the configuration in force.
    pub(super) fn voters(&self) -> Vec<MemberId> {
        let Configuration { voters, outgoing, .. } = self.core.configuration();
        assert!(!voters.is_empty(), "a group has voters");
        let outgoing = outgoing.iter().filter(|member| !voters.contains(member));
        voters.iter().chain(outgoing).copied().collect()
    }

    /// Returns the commit index.
    pub(super) fn commit(&self) -> Index {
        self.commit
    }

    /// Returns how often another member was found to have lost entries that it had acknowledged.
    pub(super) fn lost_entries_found(&self) -> u64 {
        self.lost_entries_found
    }

    /// Returns the current lease, if it holds. A group whose leader gets requests does not become quiet, because that
    /// would end the lease.
    pub(super) fn lease(&mut self, now: Duration) -> Option<Lease> {
        self.core.note_activity();
        self.core.lease(now)
    }

    /// Ends the quiet of the group, if it is quiet.
    pub(super) fn wake(&mut self, now: Duration, io: &mut Io) {
        if self.core.is_quiet() {
            self.core.wake(now, |peer| io.peers.heard(peer));
            io.peers.remove_quiet(self.group);
            assert!(!self.core.is_quiet(), "a core that was woken is quiet");
        }
    }

    /// Forgets which followers have agreed that the group becomes quiet, unless it is quiet.
    pub(super) fn forget_agreements(&mut self) {
        self.core.forget_agreements();
    }

    /// Wakes the leader, if this member is its quiet follower and wakes for a reason that the leader does not know.
    pub(super) fn wake_leader(&mut self, io: &mut Io) {
        if self.core.is_quiet() && !self.core.has_proposed_quiet() {
            let leader = self.core.status().leader.expect("a quiet follower has a leader");
            io.peers.end_agreement(leader);
        }
    }

    /// Records that the core is not ticked any more. Followers that rely on it wake.
    pub(super) fn stop_ticking(&mut self, io: &mut Io) {
        self.ticking_stopped = true;
        self.wake_followers(io);
    }

    /// Wakes the followers that may be quiet, because this member leads the group no more, or will say nothing more
    /// about it.
    fn wake_followers(&mut self, io: &mut Io) {
        self.quiet_followers.drain(..).for_each(|peer| io.peers.end_agreement(peer));
    }

    /// Records whether the group has become quiet, and whether its followers may be.
    fn sync_quiet(&mut self, io: &mut Io) {
        let leads = self.core.has_proposed_quiet();
        if leads && !self.ticking_stopped && self.quiet_followers.is_empty() {
            self.quiet_followers.extend(self.core.counterparts());
        } else if !leads {
            self.wake_followers(io);
        }
        assert!(leads || self.quiet_followers.is_empty(), "followers rely on a leader that does not lead");
        if self.core.is_quiet() {
            io.peers.add_quiet(self.group, leads, self.core.counterparts());
        }
    }

    /// Returns whether the end of the current flush releases a held message or changes the core.
    pub(super) fn awaits_flush(&self) -> bool {
        self.sender.holds() || self.core.awaits_durable()
    }

    /// Returns the time at which [`tick`](Self::tick) has work. `campaigns`: whether the core may be ticked.
    pub(super) fn deadline(&self, now: Duration, campaigns: bool, io: &Io) -> Duration {
        let unreported = self.core_durable != self.durable && self.core.awaits_durable();
        let due = match campaigns {
            true => self.core.deadline(),
            // Some followers rely on a leader that is not ticked any more: the next tick tells them.
            false if !self.quiet_followers.is_empty() => now,
            false => Duration::MAX,
        };
        if (unreported || due <= now) && !io.shard_journal.journal.has_vote_space() {
            return now + SPACE_CHECK_INTERVAL;
        }
        if unreported { now } else { due }
    }

    /// Ticks the core: elections, heartbeats. `idle`: the state machine has nothing to do.
    pub(super) fn tick(
        &mut self,
        now: Duration,
        idle: bool,
        io: &mut Io,
    ) -> Result<ReadUpdate, StorageError> {
        if !io.shard_journal.journal.has_vote_space() {
            self.stop_ticking(io);
            return Ok(ReadUpdate::default());
        }
        self.ticking_stopped = false;
        if !idle {
            self.core.note_activity();
        }
        let mut effects = std::mem::take(&mut io.effects);
        self.core.tick(now, &mut effects);
        self.apply_effects(now, effects, &Entries::default(), io)
    }

    /// Gives a message and its entries to the core. A message that cannot be stored now is dropped, as if the network
    /// had lost it, and its sender tries again.
    pub(super) fn receive(
        &mut self,
        now: Duration,
        from: MemberId,
        message: Message,
        entries: &Entries,
        io: &mut Io,
    ) -> Result<ReadUpdate, StorageError> {
        let message = self.without_stale_quiet(from, message, io);
        if self.core.is_quiet() {
            if !self.core.is_woken_by(&message) {
                return Ok(ReadUpdate::default());
            }
            if self.core.status().leader != Some(from) {
                self.wake_leader(io);
            }
            self.wake(now, io);
        }
        let takes = entries.is_empty() || io.shard_journal.space_for(entries.len()).is_ok();
        if !takes || !io.shard_journal.journal.has_vote_space() {
            return Ok(ReadUpdate::default());
        }
        let mut effects = std::mem::take(&mut io.effects);
        if let Err(refused) = self.core.receive(now, from, message, &mut effects)
            && now >= self.next_warning
        {
            // The interval limits the log: a peer that sends one such message may send many.
            self.next_warning = now + WARNING_INTERVAL;
            tracing::warn!(group = %self.group, %from, %refused, "a message no correct member sends");
        }
        self.apply_effects(now, effects, entries, io)
    }

    /// Records that everything up to `token` is durable, and sends the messages that were held for it. Returns whether
    /// the group has work because of that. If not, the core may be told as late as before its next call: most followers
    /// have acknowledged their entries with the flush, and have nothing to do when it ends.
    pub(super) fn durable(&mut self, token: Token, io: &mut Io) -> bool {
        assert!(token <= self.core.token(), "{token:?} is durable, and only {:?} written", self.core.token());
        let awaited = self.awaits_flush();
        self.durable = self.durable.max(token);
        self.sender.release(self.durable, &mut io.peers);
        awaited
    }

    /// Reports the durable token to the core. On a full disk this happens later, in a tick that finds free space.
    pub(super) fn report_durable(&mut self, now: Duration, io: &mut Io) -> Result<ReadUpdate, StorageError> {
        if self.core_durable == self.durable || !io.shard_journal.journal.has_vote_space() {
            return Ok(ReadUpdate::default());
        }
        assert!(
            self.core_durable < self.durable,
            "{:?} was told, and {:?} is durable",
            self.core_durable,
            self.durable
        );
        self.core_durable = self.durable;
        let awaited = self.core.awaits_durable();
        let mut effects = std::mem::take(&mut io.effects);
        self.core.durable(self.core_durable, &mut effects);
        // Otherwise the flush would not wake the loop, and this would have come late.
        assert!(awaited || effects.is_empty(), "a flush that was not awaited has effects: {effects:?}");
        self.apply_effects(now, effects, &Entries::default(), io)
    }

    /// Reports that the messages in flight to `peer` are lost.
    pub(super) fn disconnected(&mut self, peer: MemberId) {
        self.core.disconnected(peer);
    }

    /// Takes the held messages that may leave once `token` is durable.
    pub(super) fn take_held(&mut self, token: Token) -> impl Iterator<Item = (MemberId, Message)> + '_ {
        self.sender.take_held(token)
    }

    /// Requests a confirmation of the leadership. This member must be the leader.
    pub(super) fn read(
        &mut self,
        now: Duration,
        io: &mut Io,
    ) -> Result<(ReadTicket, ReadUpdate), StorageError> {
        self.wake(now, io);
        let mut effects = std::mem::take(&mut io.effects);
        let ticket = self.core.read(now, &mut effects).expect("reads are asked for by the leader");
        Ok((ticket, self.apply_effects(now, effects, &Entries::default(), io)?))
    }

    /// Proposes all writes of a turn together; their entries have `bytes` bytes in total. There is one encoding, one
    /// append, and one message per follower.
    pub(super) fn propose(
        &mut self,
        now: Duration,
        writes: &[QueuedRequest],
        bytes: usize,
        io: &mut Io,
    ) -> Result<(Appended, ReadUpdate), StorageError> {
        let encode = |writer: &mut Writer, span| writer.encode(now, span, writes, bytes);
        self.append(now, writes.len() as u64, bytes, encode, io)
    }

    /// Proposes an entry that puts the commands of the group on record.
    pub(super) fn propose_record(
        &mut self,
        now: Duration,
        record: &[u8],
        io: &mut Io,
    ) -> Result<(Appended, ReadUpdate), StorageError> {
        let encode = |writer: &mut Writer, span| writer.encode_record(now, span, record);
        self.append(now, 1, HEADER_LEN + record.len(), encode, io)
    }

    /// Appends `count` entries of `bytes` bytes in total, if this member leads and has space for them.
    fn append(
        &mut self,
        now: Duration,
        count: u64,
        bytes: usize,
        encode: impl FnOnce(&mut Writer, Span) -> Entries,
        io: &mut Io,
    ) -> Result<(Appended, ReadUpdate), StorageError> {
        // Also if there is no space: a leader that has none for a vote falls silent, and another member takes over.
        self.wake(now, io);
        match io.shard_journal.space_for(bytes) {
            Ok(()) => {}
            Err(StorageError::NotReady) => return Ok((Appended::Later, ReadUpdate::default())),
            Err(StorageError::Full(_)) => {
                return Ok((Appended::Refused(RequestError::StorageFull), ReadUpdate::default()));
            }
            Err(error) => return Err(error),
        }
        let mut effects = std::mem::take(&mut io.effects);
        // The core assigns indexes and term in one step, so nothing is encoded with a term that this member does not
        // lead.
        let Ok(span) = self.core.propose(count, &mut effects) else {
            io.effects = effects;
            return Ok((Appended::Refused(RequestError::NotLeader), ReadUpdate::default()));
        };
        let entries = encode(&mut self.writer, span);
        assert_eq!(entries.len(), bytes, "entries are as long as was counted");
        io.shard_journal.journal.append(self.group, &entries)?;
        self.assert_same_log(io);
        io.shard_journal.await_durable(self.group, self.core.token());
        let update = self.apply_effects(now, effects, &Entries::default(), io)?;
        Ok((Appended::All(span), update))
    }

    /// Carries out the effects of the core. `entries` are those of the message that caused them, if any.
    fn apply_effects(
        &mut self,
        now: Duration,
        mut effects: Effects,
        entries: &Entries,
        io: &mut Io,
    ) -> Result<ReadUpdate, StorageError> {
        let (before, mut update) = (io.shard_journal.journal.end(), ReadUpdate::default());
        self.sender.begin();
        let outcome =
            effects.drain().try_for_each(|effect| self.apply_effect(now, effect, entries, &mut update, io));
        io.effects = effects;
        if io.shard_journal.journal.end() != before {
            if outcome.is_ok() {
                self.assert_same_log(io);
            }
            io.shard_journal.await_durable(self.group, self.core.token());
        }
        self.sync_quiet(io);
        outcome.map(|()| update)
    }

    /// Returns the message. If it agrees to a quiet under an earlier agreement, it no longer does.
    fn without_stale_quiet(&self, from: MemberId, mut message: Message, io: &Io) -> Message {
        if let Message::HeartbeatReply { quiet, .. } = &mut message {
            *quiet &= io.peers.is_agreement_known(from);
        }
        message
    }

    /// Asserts that core and journal have the same log after the effects were carried out.
    fn assert_same_log(&self, io: &Io) {
        let (core, journal) = (self.core.log(), io.shard_journal.journal.shape(self.group));
        let (base, last) = journal.map_or_else(Default::default, |log| (log.base(), log.last()));
        assert_eq!((core.base(), core.last()), (base, last), "the core's log and the journal's differ");
        debug_assert!(
            journal.is_none_or(|log| log == core),
            "{core:?} in the core, {journal:?} in the journal"
        );
    }

    fn apply_effect(
        &mut self,
        now: Duration,
        effect: Effect,
        entries: &Entries,
        update: &mut ReadUpdate,
        io: &mut Io,
    ) -> Result<(), StorageError> {
        match effect {
            Effect::SaveVote { term, vote } => {
                io.shard_journal.journal.save_vote(self.group, term, vote)?;
            }
            Effect::Append { first } => self.writer.store(now, first, entries, &mut io.shard_journal)?,
            Effect::AppendInternal { id, entry } => {
                self.writer.store_internal(now, id, entry, &mut io.shard_journal)?
            }
            Effect::Send { to, message, after } if after <= self.durable => {
                if let Some(QueueFull(first)) = self.sender.send(to, message, &self.writer, io)? {
                    self.core.send_queue_full(to, first);
                }
            }
            Effect::Send { to, message, after } => self.sender.hold(after, to, message),
            Effect::Commit { index } => {
                assert!(index > self.commit, "the commit index only grows");
                self.commit = index;
                io.shard_journal.journal.note_commit(self.group, index);
            }
            Effect::ReadReady { through, index } => update.ready = Some((through, index)),
            Effect::ReadsLost => update.lost = true,
            Effect::FollowerLostEntries { peer, first, last } => {
                self.lost_entries_found += 1;
                tracing::error!(
                    group = %self.group, member = %peer, first, last,
                    "a member lost entries that it had acknowledged as durable: its disk lied or was damaged; \
                     they are sent to it again, but look at that disk before another one fails"
                );
            }
            Effect::Role { role, term, leader } => {
                tracing::debug!(group = %self.group, ?role, term, ?leader, "role");
            }
        }
        Ok(())
    }
}
