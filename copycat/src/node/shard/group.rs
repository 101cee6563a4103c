//! One group on this member: what is asked of it, its reads, its consensus, and what it hands to its state machine.

use super::super::applier::Work;
use super::super::machine::{Checker, Machine};
use super::apply_queue::ApplyQueue;
use super::budget::Usage;
use super::input::GroupStatus;
use super::intake::{Intake, LeaderContext, TurnRequests, UnconfirmedReads};
use super::io::Io;
use super::queue::QueuedRequest;
use super::reading::PendingReads;
use super::replication::{Appended, ReadUpdate, Replication};
use super::turn_output::TurnOutput;
use crate::codec::entries::Entries;
use crate::codec::ids::{GroupId, MemberId, Term};
use crate::raft::effect::Role;
use crate::raft::message::Message;
use crate::raft::state::Status;
use crate::raft::token::Token;
use crate::request::failure::Failure;
use crate::request::reply::Replies;
use crate::storage::StorageError;
use std::sync::Arc;
use std::time::Duration;

/// One group.
#[derive(Debug)]
pub(super) struct Group {
    id: GroupId,
    intake: Intake,
    reads: PendingReads,
    replication: Replication,
    apply_queue: ApplyQueue,
    /// Its log could not be read: it takes no part any more.
    stopped: bool,
}

impl Group {
    pub(super) fn new(id: GroupId, replication: Replication) -> Group {
        Group {
            id,
            intake: Intake::default(),
            reads: PendingReads::default(),
            replication,
            apply_queue: ApplyQueue::new(id),
            stopped: false,
        }
    }

    pub(super) fn is_attached(&self) -> bool {
        self.intake.is_attached()
    }

    /// The leader of the current term, and the term, if it is known.
    pub(super) fn leader(&self) -> Option<(Term, MemberId)> {
        let status = self.replication.status();
        status.leader.map(|leader| (status.term, leader))
    }

    pub(super) fn leads_in(&self, term: Term) -> bool {
        let status = self.replication.status();
        status.role == Role::Leader && status.term == term
    }

    /// Takes the group's code. It has none yet.
    pub(super) fn attach(&mut self, checker: Arc<dyn Checker>, machine: Box<dyn Machine>) -> Work {
        self.intake.attach(checker);
        // A machine as it was made: whoever has a later state hands it over with its index.
        self.apply_queue.attach(machine, 0)
    }

    /// Gives the code back: nobody holds a proxy.
    pub(super) fn detach(&mut self, replies: &mut Replies) -> Work {
        self.intake.detach();
        // A client of another process may still wait.
        self.reads.abandon(Failure::UnknownResource, replies);
        self.reads = PendingReads::default();
        self.apply_queue.detach()
    }

    /// Whether it takes no part any more.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Whether it neither serves nor leads: its log cannot be read, or its program does not understand it.
    fn is_halted(&self) -> bool {
        self.stopped || self.apply_queue.progress.is_halted()
    }

    /// Requests somewhere between their arrival and their answer, and bytes of their arguments, entries that wait for
    /// the disk aside.
    pub(super) fn usage(&self) -> Usage {
        let (queue, progress) = (&self.intake.queue, &self.apply_queue.progress);
        Usage {
            requests: queue.len() + self.apply_queue.waiting() + self.reads.len(progress),
            bytes: queue.bytes() + self.reads.bytes(progress),
        }
    }

    /// Takes a request, for which there is room.
    pub(super) fn enqueue(&mut self, pending: QueuedRequest, replies: &mut Replies) {
        if self.is_halted() {
            replies.fail(pending.reply, Failure::Halted);
        } else if !pending.call.access.is_local() {
            self.intake.queue.push_back(pending);
        } else if let Err(failure) = self.intake.check(&pending) {
            replies.fail(pending.reply, failure);
        } else {
            self.reads.serve_any(pending);
        }
    }

    /// Whether it stands for election and leads. A group without code, or whose code does not understand the log, votes
    /// and stores, but could serve nobody.
    fn campaigns(&self) -> bool {
        self.is_attached() && !self.is_halted()
    }

    /// When [`tick`](Self::tick) has something to do.
    pub(super) fn deadline(&self, now: Duration, io: &Io) -> Duration {
        if self.stopped {
            return Duration::MAX;
        }
        let consensus = self.replication.deadline(now, self.campaigns(), io);
        let output = [self.intake.queue.deadline(), self.reads.deadline(), self.apply_queue.deadline()];
        output.into_iter().flatten().fold(consensus, Duration::min)
    }

    /// Time passes.
    pub(super) fn tick(
        &mut self,
        now: Duration,
        io: &mut Io,
        replies: &mut Replies,
    ) -> Result<(), StorageError> {
        if self.stopped {
            return Ok(());
        }
        self.apply_queue.tick(now, replies);
        self.reads.expire(now, replies);
        self.intake.queue.expire(now, replies);
        let update = self.replication.tell_durable(now, io)?;
        self.apply_read_update(update);
        if self.campaigns() {
            let update = self.replication.tick(now, io)?;
            self.apply_read_update(update);
        }
        Ok(())
    }

    /// A message of a counterpart, and the entries that came with it.
    pub(super) fn receive(
        &mut self,
        now: Duration,
        from: MemberId,
        message: Message,
        entries: &Entries,
        io: &mut Io,
    ) -> Result<(), StorageError> {
        let update = self.replication.receive(now, from, message, entries, io)?;
        self.apply_read_update(update);
        Ok(())
    }

    /// What was written up to `token` is durable.
    pub(super) fn durable(&mut self, now: Duration, token: Token, io: &mut Io) -> Result<(), StorageError> {
        let update = self.replication.durable(now, token, io)?;
        self.apply_read_update(update);
        Ok(())
    }

    /// What was on its way to `peer` is lost.
    pub(super) fn disconnected(&mut self, peer: MemberId) {
        self.replication.disconnected(peer);
    }

    /// Takes what waits for no more than `token` to be durable.
    pub(super) fn take_held(&mut self, token: Token) -> impl Iterator<Item = (MemberId, Message)> + '_ {
        self.replication.take_held(token)
    }

    /// Whether requests wait that neither were proposed nor passed on.
    pub(super) fn has_queued(&self) -> bool {
        !self.intake.queue.is_empty()
    }

    /// Whether anything follows when the write under way has ended.
    pub(super) fn awaits_flush(&self) -> bool {
        !self.stopped && (self.has_queued() || self.replication.awaits_flush())
    }

    fn apply_read_update(&mut self, ReadUpdate { ready, lost }: ReadUpdate) {
        if let Some((through, index)) = ready {
            self.reads.confirm(through, index);
        }
        if lost {
            self.reads.return_to(&mut self.intake.queue);
        }
    }

    /// Once per turn: what is queued goes on its way, and what is committed to the applier.
    pub(super) fn process_ready(
        &mut self,
        now: Duration,
        me: MemberId,
        io: &mut Io,
        output: &mut TurnOutput,
    ) -> Result<(), StorageError> {
        // Before anything is taken for another leadership, or handed over of what another one committed.
        if self.reads.lines_term().is_some_and(|term| !self.leads_in(term)) {
            self.reads.refuse_lines(&mut output.replies);
        }
        let queue = &mut self.intake.queue;
        if self.apply_queue.progress.is_halted() {
            queue.abandon(Failure::Halted, Failure::Halted, &mut output.replies);
        }
        if !queue.is_empty() {
            let status = self.replication.status();
            match status.leader {
                Some(leader) if leader == me => self.propose(now, status, io, &mut output.replies)?,
                Some(leader) => {
                    let TurnOutput { replies, forwarding, .. } = output;
                    let leader = (status.term, leader);
                    forwarding.forward(now, self.id, leader, queue, &mut io.peers, replies);
                }
                None => {}
            }
        }
        if !self.is_attached() {
            return Ok(());
        }
        self.apply_queue.hand_over(now, self.replication.commit(), &mut self.reads, io, output)
    }

    /// Takes the queue apart: writes are proposed together, reads go their way.
    fn propose(
        &mut self,
        now: Duration,
        Status { role, term, last, .. }: Status,
        io: &mut Io,
        replies: &mut Replies,
    ) -> Result<(), StorageError> {
        assert_eq!(role, Role::Leader, "only a leader proposes");
        let context = LeaderContext { term, last: last.index, lease: self.replication.lease(now) };
        let TurnRequests { writes, bytes, mut unconfirmed } =
            self.intake.take_turn(context, io.bounds.proposed_bytes, &mut self.reads, replies);
        if writes.is_empty() {
            unconfirmed.without_writes();
            return self.ask(now, context, unconfirmed, io);
        }
        let (appended, update) = self.replication.append(now, &writes, bytes, io)?;
        self.apply_read_update(update);
        match appended {
            Appended::All(span) => {
                let begin = (span.term, span.first);
                assert_eq!(begin, (term, last.index + 1), "reads count from the end that the writes follow");
                self.apply_queue.await_results(span, writes);
            }
            Appended::Later => self.intake.put_back(writes, &mut unconfirmed),
            Appended::Refused(failure) => {
                unconfirmed.without_writes();
                writes.into_iter().for_each(|write| replies.fail(write.reply, failure));
            }
        }
        self.ask(now, context, unconfirmed, io)
    }

    /// Asks for a confirmation that all reads of this turn share, unless none needs it.
    fn ask(
        &mut self,
        now: Duration,
        LeaderContext { term, last, .. }: LeaderContext,
        unconfirmed: UnconfirmedReads,
        io: &mut Io,
    ) -> Result<(), StorageError> {
        let (ticket, update) = match unconfirmed.needs_ticket() {
            true => self.replication.read(now, io).map(|(ticket, update)| (Some(ticket), update))?,
            false => (None, ReadUpdate::default()),
        };
        let (ahead, end) =
            (unconfirmed.behind.last().map_or(0, |(ahead, _)| *ahead), self.replication.last());
        assert!(last + ahead <= end, "a read behind {ahead} writes waits for more than the log has: {end}");
        for read in unconfirmed.strict {
            self.reads.await_ticket(term, last, ticket.expect("one for the strict"), read);
        }
        for (ahead, read) in unconfirmed.behind {
            self.reads.await_entry(term, last + ahead, ticket.filter(|_| ahead == 0), read);
        }
        // Behind them: a single voter confirms at once.
        self.apply_read_update(update);
        Ok(())
    }

    pub(super) fn status(&self) -> GroupStatus {
        let (raft, applied) = (self.replication.status(), self.apply_queue.progress.applied());
        assert!(applied <= raft.commit, "{applied} is applied, and {} is committed", raft.commit);
        GroupStatus {
            group: self.id,
            raft,
            applied,
            lost_entries_found: self.replication.lost_entries_found(),
            halted: self.is_halted(),
        }
    }

    /// The log of this group cannot be read here: it takes no part any more, which the others take for a crash.
    pub(super) fn stop(&mut self, error: &StorageError, replies: &mut Replies) {
        tracing::error!(group = %self.id, %error, "the group's log cannot be read: it stops on this member");
        self.stopped = true;
        self.intake.queue.abandon(Failure::Halted, Failure::Halted, replies);
        self.abandon(Failure::Halted, replies);
    }

    /// The member stops, for `failure`. What was never proposed never happens: whoever asked here learns that this
    /// member is closed, whoever asked elsewhere that there is another.
    pub(super) fn close(&mut self, failure: Failure, replies: &mut Replies) {
        self.intake.queue.abandon(Failure::Closed, Failure::NotLeader, replies);
        self.abandon(failure, replies);
    }

    fn abandon(&mut self, failure: Failure, replies: &mut Replies) {
        self.apply_queue.abandon(failure, replies);
        self.reads.abandon(failure, replies);
    }
}
