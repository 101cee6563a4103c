//! One group on this member: its queued requests, its reads, its consensus, and the entries it dispatches to its state
//! machine.

use super::super::applier::Work;
use super::super::machine::Machine;
use super::announcements::Announcements;
use super::budget::Usage;
use super::consensus::{Appended, Consensus, ReadUpdate};
use super::dispatcher::Dispatcher;
use super::group_schema::{GroupSchema, NewRecord};
use super::input::GroupStatus;
use super::intake::{Intake, LeaderContext, TurnRequests, UnconfirmedReads};
use super::io::Io;
use super::open_resource::{OpenResource, RecordState};
use super::queue::QueuedRequest;
use super::reading::PendingReads;
use super::turn_output::TurnOutput;
use crate::codec::entries::Entries;
use crate::codec::ids::{GroupId, MemberId, Term};
use crate::codec::shape::record::{Conflict, SchemaRecord};
use crate::raft::effect::Role;
use crate::raft::message::Message;
use crate::raft::state::Status;
use crate::raft::token::Token;
use crate::request::error::RequestError;
use crate::request::reply::Replies;
use crate::storage::StorageError;
use std::sync::Arc;
use std::time::Duration;

/// One Raft group on this member: one partition of a resource.
#[derive(Debug)]
pub(super) struct Group {
    id: GroupId,
    schema: GroupSchema,
    intake: Intake,
    reads: PendingReads,
    consensus: Consensus,
    dispatcher: Dispatcher,
    /// The log of the group could not be read, so it no longer takes part.
    stopped: bool,
}

impl Group {
    pub(super) fn new(id: GroupId, consensus: Consensus) -> Group {
        Group {
            id,
            schema: GroupSchema::new(id),
            intake: Intake::default(),
            reads: PendingReads::default(),
            consensus,
            dispatcher: Dispatcher::new(id),
            stopped: false,
        }
    }

    pub(super) fn is_attached(&self) -> bool {
        self.schema.is_attached()
    }

    /// Returns the resource, if it is open here.
    pub(super) fn resource(&self) -> Option<&Arc<OpenResource>> {
        self.schema.resource()
    }

    /// Returns what the group says of the commands of its resource.
    pub(super) fn record_state(&self) -> RecordState {
        match self.schema.is_same() {
            _ if self.schema.conflicts() => RecordState::Conflict,
            true => RecordState::Same,
            false => RecordState::Other,
        }
    }

    /// Returns the record that is committed, if this program agrees with it.
    pub(super) fn agreed_record(&self) -> Option<&Arc<SchemaRecord>> {
        if self.is_halted() { None } else { self.schema.record() }
    }

    /// Returns the current term and its leader, if the leader is known.
    pub(super) fn leader(&self) -> Option<(Term, MemberId)> {
        let status = self.consensus.status();
        status.leader.map(|leader| (status.term, leader))
    }

    pub(super) fn leads_in(&self, term: Term) -> bool {
        let status = self.consensus.status();
        status.role == Role::Leader && status.term == term
    }

    /// Compares the commands of a resource that is to be opened with what is on record for this group. Fails if they
    /// contradict it.
    pub(super) fn prepare(
        &mut self,
        resource: &Arc<OpenResource>,
        io: &Io,
    ) -> Result<Option<Arc<Conflict>>, StorageError> {
        self.schema.attach(resource.clone());
        let found = self.schema.update(self.consensus.commit(), &io.shard_journal.journal);
        self.schema.detach();
        Ok(found?.and_then(|record| record.conflict))
    }

    /// Attaches the state machine. The group must not have one yet.
    pub(super) fn attach(&mut self, resource: Arc<OpenResource>, machine: Box<dyn Machine>) -> Work {
        self.schema.attach(resource);
        // The machine is in its initial state, which reflects no entry. A later state would come with its index.
        self.dispatcher.attach(machine, 0)
    }

    /// Detaches the state machine, because no proxy exists.
    pub(super) fn detach(&mut self, io: &mut Io, replies: &mut Replies) -> Work {
        self.consensus.stop_ticking(io);
        self.schema.detach();
        // A client in another process may still wait for its read.
        self.reads.abandon(RequestError::UnknownResource, replies);
        self.reads = PendingReads::default();
        self.dispatcher.detach()
    }

    /// Returns whether the group no longer takes part.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Returns whether the group serves nothing and does not stand for election: its log cannot be read, or its program
    /// does not understand an entry, or contradicts what is on record. A leader that halts keeps its role until it hears
    /// of a higher term, but its core is not ticked any more.
    fn is_halted(&self) -> bool {
        self.stopped || self.dispatcher.progress.is_halted() || self.schema.conflicts()
    }

    /// Returns the error of requests to a halted group.
    fn halted_error(&self) -> RequestError {
        if self.schema.conflicts() { RequestError::Contradiction } else { RequestError::Halted }
    }

    /// Returns the requests that the budget counts, and the bytes of their arguments; see [`Usage`].
    pub(super) fn usage(&self) -> Usage {
        let (queue, progress) = (&self.intake.queue, &self.dispatcher.progress);
        Usage {
            requests: queue.len() + self.dispatcher.waiting() + self.reads.len(progress),
            bytes: queue.bytes() + self.reads.bytes(progress),
        }
    }

    /// Queues a request that was admitted, or answers it at once.
    pub(super) fn enqueue(&mut self, pending: QueuedRequest, replies: &mut Replies) {
        if self.is_halted() {
            replies.fail(pending.reply, self.halted_error());
        } else if !pending.call.access.is_local() {
            self.intake.queue.push_back(pending);
        } else if let Err(error) = self.schema.check(&pending.call) {
            replies.fail(pending.reply, error);
        } else {
            self.reads.serve_any(pending);
        }
    }

    /// Returns whether the group stands for election. A group without a state machine, or with one that does not
    /// understand the log or whose commands a majority contradicts, votes and stores entries, but could not serve
    /// clients as a leader.
    fn campaigns(&self) -> bool {
        self.is_attached() && !self.is_halted() && !self.schema.is_outvoted()
    }

    /// Returns the time at which [`tick`](Self::tick) has work.
    pub(super) fn deadline(&self, now: Duration, io: &Io) -> Duration {
        if self.stopped {
            return Duration::MAX;
        }
        let consensus = self.consensus.deadline(now, self.campaigns(), io);
        let deadlines = [self.intake.queue.deadline(), self.reads.deadline(), self.dispatcher.deadline()];
        deadlines.into_iter().flatten().fold(consensus, Duration::min)
    }

    /// Advances the time: fails requests whose deadline has passed, and ticks the core.
    pub(super) fn tick(
        &mut self,
        now: Duration,
        io: &mut Io,
        replies: &mut Replies,
    ) -> Result<(), StorageError> {
        if self.stopped {
            return Ok(());
        }
        self.dispatcher.expire(now, replies);
        self.reads.expire(now, replies);
        self.intake.queue.expire(now, replies);
        self.report_durable(now, io)?;
        if self.campaigns() {
            // While the applier has work, the group is not quiet: a leader that halts must fall silent.
            let idle = self.dispatcher.progress.applied() == self.consensus.commit();
            let update = self.consensus.tick(now, idle, io)?;
            self.apply_read_update(update);
        } else {
            self.consensus.stop_ticking(io);
        }
        Ok(())
    }

    /// Forgets which followers have agreed that the group becomes quiet.
    pub(super) fn forget_agreements(&mut self) {
        self.consensus.forget_agreements();
    }

    /// Ends the quiet of the group.
    pub(super) fn wake(&mut self, now: Duration, io: &mut Io) {
        self.consensus.wake(now, io);
    }

    /// Receives a message of the group on another member, with the entries of an append.
    pub(super) fn receive(
        &mut self,
        now: Duration,
        from: MemberId,
        message: Message,
        entries: &Entries,
        io: &mut Io,
    ) -> Result<(), StorageError> {
        self.report_durable(now, io)?;
        let update = self.consensus.receive(now, from, message, entries, io)?;
        self.apply_read_update(update);
        Ok(())
    }

    /// Records that everything written up to `token` is durable. Returns whether the group has work because of that.
    pub(super) fn durable(&mut self, token: Token, io: &mut Io) -> bool {
        !self.stopped && self.consensus.durable(token, io)
    }

    /// Reports to the core what is durable.
    pub(super) fn report_durable(&mut self, now: Duration, io: &mut Io) -> Result<(), StorageError> {
        let update = self.consensus.report_durable(now, io)?;
        self.apply_read_update(update);
        Ok(())
    }

    /// Reports that the messages in flight to `peer` are lost.
    pub(super) fn disconnected(&mut self, peer: MemberId) {
        self.consensus.disconnected(peer);
    }

    /// Takes the held messages that may leave once `token` is durable.
    pub(super) fn take_held(&mut self, token: Token) -> impl Iterator<Item = (MemberId, Message)> + '_ {
        self.consensus.take_held(token)
    }

    /// Returns whether requests are queued that were neither proposed nor forwarded.
    pub(super) fn has_queued(&self) -> bool {
        !self.intake.queue.is_empty()
    }

    /// Returns whether a dispatch of committed entries to the applier was postponed.
    pub(super) fn has_postponed(&self) -> bool {
        !self.stopped && self.dispatcher.has_postponed()
    }

    /// Records that the dispatch that was postponed is due.
    pub(super) fn postponed_is_due(&mut self) {
        self.dispatcher.postponed_is_due();
    }

    /// Returns whether the group has work when the current flush ends.
    pub(super) fn awaits_flush(&self) -> bool {
        !self.stopped && (self.has_queued() || self.consensus.awaits_flush())
    }

    fn apply_read_update(&mut self, ReadUpdate { ready, lost }: ReadUpdate) {
        if let Some((through, index)) = ready {
            self.reads.confirm(through, index);
        }
        if lost {
            self.reads.return_to(&mut self.intake.queue);
        }
    }

    /// Compares the records that were committed since the last turn with this program. Returns what was found if there
    /// are any.
    pub(super) fn compare_records(&mut self, io: &Io) -> Result<Option<NewRecord>, StorageError> {
        self.schema.compare(self.consensus.commit(), &io.shard_journal.journal)
    }

    /// Halts the group, because this program contradicts what is on record for it or for another group of the resource.
    pub(super) fn halt_in_conflict(&mut self, io: &mut Io, replies: &mut Replies) {
        self.schema.conflict_elsewhere();
        assert!(self.is_halted(), "a group in conflict serves nothing");
        self.consensus.stop_ticking(io);
        self.dispatcher.halt();
        self.intake.queue.abandon(RequestError::Contradiction, RequestError::NotLeader, replies);
        self.abandon(RequestError::Halted, replies);
    }

    /// Proposes or forwards the queued requests, and dispatches committed entries to the applier. Called once per turn.
    pub(super) fn process_ready(
        &mut self,
        now: Duration,
        me: MemberId,
        announcements: &Announcements,
        io: &mut Io,
        output: &mut TurnOutput,
    ) -> Result<(), StorageError> {
        // This must come first: reads of an old leadership must neither mix with those of a new one nor see its
        // entries.
        if self.reads.lines_term().is_some_and(|term| !self.leads_in(term)) {
            self.reads.refuse_lines(&mut output.replies);
        }
        // The applier may halt the group at any moment: one answer holds for the whole turn.
        let halted = self.is_halted();
        if halted {
            let error = self.halted_error();
            let elsewhere =
                if error == RequestError::Contradiction { RequestError::NotLeader } else { error };
            self.intake.queue.abandon(error, elsewhere, &mut output.replies);
        }
        if self.schema.is_unrecorded() {
            self.schema.count_opponents(me, &self.consensus.voters(), announcements);
        }
        let status = self.consensus.status();
        let leads = status.role == Role::Leader && self.is_attached() && !halted;
        let recorded = !leads || self.record_commands(now, status.term, me, announcements, io)?;
        let may_propose = leads && recorded && self.schema.may_propose();
        let queue = &mut self.intake.queue;
        if !queue.is_empty() {
            match status.leader {
                Some(leader) if leader == me && may_propose => {
                    self.propose(now, me, io, &mut output.replies)?;
                }
                Some(leader) if leader != me && self.schema.may_forward() => {
                    let TurnOutput { replies, forwarding, .. } = output;
                    let leader = (status.term, leader);
                    forwarding.forward(now, self.id, leader, queue, &mut io.peers, replies);
                }
                _ => {}
            }
        }
        // Entries are not read by a program that contradicts what is on record.
        if !self.is_attached() || self.schema.conflicts() {
            return Ok(());
        }
        self.dispatcher.dispatch(self.consensus.commit(), &mut self.reads, io, output)
    }

    /// Puts commands on record that all voters have announced, if there are any that are not. Returns whether the leader
    /// may propose other entries now: not before those that are on their way.
    fn record_commands(
        &mut self,
        now: Duration,
        term: Term,
        me: MemberId,
        announcements: &Announcements,
        io: &mut Io,
    ) -> Result<bool, StorageError> {
        if !self.schema.may_derive(term, announcements) {
            return Ok(true);
        }
        let voters = self.consensus.voters();
        let Some(record) = self.schema.derive(term, me, &voters, announcements) else { return Ok(true) };
        let encoded = match record.encode() {
            Ok(encoded) => encoded,
            Err(error) => {
                tracing::error!(
                    group = %self.id, %error,
                    "the commands of all versions together are too many to be put on record"
                );
                self.schema.not_recorded(RequestError::TooLarge, false);
                return Ok(true);
            }
        };
        let (appended, update) = self.consensus.propose_record(now, &encoded, io)?;
        self.apply_read_update(update);
        match appended {
            Appended::All(_) => {
                let committed = self.schema.update(self.consensus.commit(), &io.shard_journal.journal)?;
                assert!(committed.is_none(), "what was proposed just now is not committed");
                let proposed = self.schema.derive(term, me, &voters, announcements);
                assert!(proposed.is_none(), "what was put on record is on record");
                Ok(true)
            }
            Appended::Later => {
                self.schema.not_recorded(RequestError::Busy, true);
                Ok(false)
            }
            Appended::Refused(error) => {
                self.schema.not_recorded(error, true);
                Ok(true)
            }
        }
    }

    /// Takes the queued requests: proposes the writes together, and sorts the reads by what they must wait for.
    fn propose(
        &mut self,
        now: Duration,
        me: MemberId,
        io: &mut Io,
        replies: &mut Replies,
    ) -> Result<(), StorageError> {
        let Status { role, term, last, .. } = self.consensus.status();
        assert_eq!(role, Role::Leader, "only a leader proposes");
        let context = LeaderContext { me, term, last: last.index, lease: self.consensus.lease(now) };
        let TurnRequests { writes, bytes, mut unconfirmed } = self.intake.take_requests(
            context,
            io.bounds.proposed_bytes,
            &self.schema,
            &mut self.reads,
            replies,
        );
        if writes.is_empty() {
            unconfirmed.without_writes();
            return self.ask(now, context, unconfirmed, io);
        }
        let (appended, update) = self.consensus.propose(now, &writes, bytes, io)?;
        self.apply_read_update(update);
        match appended {
            Appended::All(span) => {
                let begin = (span.term, span.first);
                assert_eq!(begin, (term, last.index + 1), "reads count from the end that the writes follow");
                self.dispatcher.await_results(span, writes);
            }
            Appended::Later => self.intake.put_back(writes, &mut unconfirmed),
            Appended::Refused(error) => {
                unconfirmed.without_writes();
                writes.into_iter().for_each(|write| replies.fail(write.reply, error));
            }
        }
        self.ask(now, context, unconfirmed, io)
    }

    /// Requests one confirmation of the leadership, shared by all reads of this turn that need one, and queues the
    /// reads.
    fn ask(
        &mut self,
        now: Duration,
        LeaderContext { term, last, .. }: LeaderContext,
        unconfirmed: UnconfirmedReads,
        io: &mut Io,
    ) -> Result<(), StorageError> {
        let (ticket, update) = match unconfirmed.needs_ticket() {
            true => self.consensus.read(now, io).map(|(ticket, update)| (Some(ticket), update))?,
            false => (None, ReadUpdate::default()),
        };
        let (writes_before, end) =
            (unconfirmed.after_writes.last().map_or(0, |(before, _)| *before), self.consensus.last());
        assert!(
            last + writes_before <= end,
            "a read after {writes_before} writes waits for more than the log has: {end}"
        );
        for read in unconfirmed.strict {
            self.reads.await_ticket(term, last, ticket.expect("one for the strict"), read);
        }
        for (writes_before, read) in unconfirmed.after_writes {
            self.reads.await_entry(term, last + writes_before, ticket.filter(|_| writes_before == 0), read);
        }
        // The update comes after the reads are queued: a single voter confirms at once.
        self.apply_read_update(update);
        Ok(())
    }

    pub(super) fn status(&self) -> GroupStatus {
        let (raft, applied) = (self.consensus.status(), self.dispatcher.progress.applied());
        assert!(applied <= raft.commit, "{applied} is applied, and {} is committed", raft.commit);
        GroupStatus {
            group: self.id,
            raft,
            applied,
            lost_entries_found: self.consensus.lost_entries_found(),
            halted: self.is_halted(),
        }
    }

    /// Stops the group on this member, because its log cannot be read. To the other members this looks like a crash.
    pub(super) fn stop(&mut self, error: &StorageError, io: &mut Io, replies: &mut Replies) {
        tracing::error!(group = %self.id, %error, "the group's log cannot be read: it stops on this member");
        self.consensus.stop_ticking(io);
        self.consensus.wake_leader(io);
        io.peers.remove_quiet(self.id);
        self.stopped = true;
        self.intake.queue.abandon(RequestError::Halted, RequestError::Halted, replies);
        self.abandon(RequestError::Halted, replies);
    }

    /// Fails all requests, because the member stops. Queued requests were never proposed, so they certainly do not
    /// happen: local callers get `Closed`; requests from a connection get `NotLeader`, because another member may serve
    /// them. All others get `error`.
    pub(super) fn close(&mut self, error: RequestError, replies: &mut Replies) {
        self.intake.queue.abandon(RequestError::Closed, RequestError::NotLeader, replies);
        self.abandon(error, replies);
    }

    fn abandon(&mut self, error: RequestError, replies: &mut Replies) {
        self.dispatcher.abandon(error, replies);
        self.reads.abandon(error, replies);
    }
}
