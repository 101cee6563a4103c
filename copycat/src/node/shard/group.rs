//! One group on this member: what is asked of it, its reads, its consensus, and what it hands to its state machine.

use super::super::applier::Work;
use super::super::machine::{Checker, Machine};
use super::budget::Usage;
use super::callers::Callers;
use super::handover::Handover;
use super::input::GroupStatus;
use super::intake::{Asking, Footing, Intake, Turn};
use super::io::Io;
use super::queue::Pending;
use super::reading::Reads;
use super::replication::{Appended, Replication, Verdict};
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
    reads: Reads,
    replication: Replication,
    handover: Handover,
    /// Its log could not be read: it takes no part any more.
    stopped: bool,
}

impl Group {
    pub(super) fn new(id: GroupId, replication: Replication) -> Group {
        Group {
            id,
            intake: Intake::default(),
            reads: Reads::default(),
            replication,
            handover: Handover::new(id),
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
        self.handover.attach(machine, 0)
    }

    /// Gives the code back: nobody holds a proxy.
    pub(super) fn detach(&mut self) -> Work {
        self.intake.detach();
        self.reads = Reads::default();
        self.handover.detach()
    }

    /// Whether it takes no part any more.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Whether it neither serves nor leads: its log cannot be read, or its program does not understand it.
    fn is_halted(&self) -> bool {
        self.stopped || self.handover.progress.is_halted()
    }

    /// Requests somewhere between their arrival and their answer, and bytes of their arguments, entries that wait for
    /// the disk aside.
    pub(super) fn usage(&self) -> Usage {
        let (queue, progress) = (&self.intake.queue, &self.handover.progress);
        Usage {
            requests: queue.len() + self.handover.waiting() + self.reads.len(progress),
            bytes: queue.bytes() + self.reads.bytes(progress),
        }
    }

    /// Takes a request, for which there is room.
    pub(super) fn enqueue(&mut self, pending: Pending, replies: &mut Replies) {
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
        let callers = [self.intake.queue.deadline(), self.reads.deadline(), self.handover.deadline()];
        callers.into_iter().flatten().fold(consensus, Duration::min)
    }

    /// Time passes.
    pub(super) fn tick(
        &mut self,
        now: Duration,
        io: &mut Io,
        replies: &mut Replies,
    ) -> Result<(), StorageError> {
        self.handover.tick(now, replies);
        self.reads.expire(now, replies);
        self.intake.queue.expire(now, replies);
        let verdict = self.replication.tell_durable(now, io)?;
        self.heed(verdict);
        if self.campaigns() {
            let verdict = self.replication.tick(now, io)?;
            self.heed(verdict);
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
        let verdict = self.replication.receive(now, from, message, entries, io)?;
        self.heed(verdict);
        Ok(())
    }

    /// What was written up to `token` is durable.
    pub(super) fn durable(&mut self, now: Duration, token: Token, io: &mut Io) -> Result<(), StorageError> {
        let verdict = self.replication.durable(now, token, io)?;
        self.heed(verdict);
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

    fn heed(&mut self, Verdict { ready, lost }: Verdict) {
        if let Some((through, index)) = ready {
            self.reads.confirm(through, index);
        }
        if lost {
            self.reads.return_to(&mut self.intake.queue);
        }
    }

    /// Once per turn: what is queued goes on its way, and what is committed to the applier.
    pub(super) fn settle(
        &mut self,
        now: Duration,
        me: MemberId,
        io: &mut Io,
        callers: &mut Callers,
    ) -> Result<(), StorageError> {
        // Before anything is taken for another leadership, or handed over of what another one committed.
        if self.reads.lines_term().is_some_and(|term| !self.leads_in(term)) {
            self.reads.refuse_lines(&mut callers.replies);
        }
        let queue = &mut self.intake.queue;
        if self.handover.progress.is_halted() {
            queue.abandon(Failure::Halted, Failure::Halted, &mut callers.replies);
        }
        if !queue.is_empty() {
            let status = self.replication.status();
            match status.leader {
                Some(leader) if leader == me => self.propose(now, status, io, &mut callers.replies)?,
                Some(leader) => {
                    let Callers { replies, forwarding, .. } = callers;
                    let leader = (status.term, leader);
                    forwarding.forward(now, self.id, leader, queue, &mut io.peers, replies);
                }
                None => {}
            }
        }
        if !self.is_attached() {
            return Ok(());
        }
        self.handover.hand_over(now, self.replication.commit(), &mut self.reads, io, callers)
    }

    /// Takes the queue apart: writes are proposed together, reads go their way.
    fn propose(
        &mut self,
        now: Duration,
        Status { term, last, .. }: Status,
        io: &mut Io,
        replies: &mut Replies,
    ) -> Result<(), StorageError> {
        let footing = Footing { term, last: last.index, lease: self.replication.lease(now) };
        let Turn { writes, bytes, mut asking } =
            self.intake.take_turn(footing, io.bounds.proposed_bytes, &mut self.reads, replies);
        if writes.is_empty() {
            asking.without_writes();
            return self.ask(now, footing, asking, io);
        }
        let (appended, verdict) = self.replication.append(now, &writes, bytes, io)?;
        self.heed(verdict);
        match appended {
            Appended::All(span) => self.handover.await_results(span, writes),
            Appended::Later => self.intake.put_back(writes, &mut asking),
            Appended::Refused(failure) => {
                asking.without_writes();
                writes.into_iter().for_each(|write| replies.fail(write.reply, failure));
            }
        }
        self.ask(now, footing, asking, io)
    }

    /// Asks for a confirmation that all reads of this turn share, unless none needs it.
    fn ask(
        &mut self,
        now: Duration,
        Footing { term, last, .. }: Footing,
        asking: Asking,
        io: &mut Io,
    ) -> Result<(), StorageError> {
        let (ticket, verdict) = match asking.needs_ticket() {
            true => self.replication.read(now, io).map(|(ticket, verdict)| (Some(ticket), verdict))?,
            false => (None, Verdict::default()),
        };
        for read in asking.strict {
            self.reads.await_ticket(term, last, ticket.expect("one for the strict"), read);
        }
        for (ahead, read) in asking.behind {
            self.reads.await_entry(term, last + ahead, ticket.filter(|_| ahead == 0), read);
        }
        // Behind them: a single voter confirms at once.
        self.heed(verdict);
        Ok(())
    }

    pub(super) fn status(&self) -> GroupStatus {
        GroupStatus {
            group: self.id,
            raft: self.replication.status(),
            applied: self.handover.progress.applied(),
            found_lost: self.replication.found_lost(),
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
        self.handover.abandon(failure, replies);
        self.reads.abandon(failure, replies);
    }
}
