//! One group on this member: its core, its clock, and the requests that concern it.

use super::super::applier::{Progress, Work};
use super::super::clock::ClusterClock;
use super::super::machine::{Checker, Machine};
use super::Options;
use super::ground::Ground;
use super::marks::Marks;
use super::queue::Queue;
use super::reading::Reads;
use super::waiting::Proposed;
use crate::codec::command::Call;
use crate::codec::configuration::Configuration;
use crate::codec::entries::Entries;
use crate::codec::ids::{GroupId, Index, MemberId, Term};
use crate::raft::effect::Role;
use crate::raft::message::Message;
use crate::raft::options;
use crate::raft::state::{self, Raft};
use crate::raft::token::Token;
use crate::request::failure::Failure;
use crate::request::reply::ReplyTo;
use crate::storage::{Flushed, GroupState, StorageError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Most bytes of arguments that one group keeps in hand: 64 MiB, and one request more.
const BYTES_MAX: u64 = 64 << 20;

/// Pause between two warnings of messages that no correct member sends.
const WARNING_INTERVAL: Duration = Duration::from_secs(1);

/// A request that has neither been proposed nor forwarded.
#[derive(Debug)]
pub(super) struct Pending {
    /// The term whose leader it is meant for; 0: any. One that names a term is never passed on.
    pub term: Term,
    pub call: Call,
    pub reply: ReplyTo,
    pub deadline: Duration,
}

/// The code of a resource's groups, from whoever opened it.
#[derive(Debug)]
pub(crate) struct Attachment {
    /// The resource's name.
    pub resource: String,
    /// The groups, and the state of each before its first entry.
    pub groups: Vec<(GroupId, Box<dyn Machine>)>,
    /// Which commands there are, and whether arguments fit.
    pub checker: Arc<dyn Checker>,
    /// Told when the groups take requests: `Busy` if the code of one is here already, `NoLeader` before the
    /// cluster is formed; then none of them was given any.
    pub done: oneshot::Sender<Result<(), Failure>>,
}

/// How a shard is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShardStatus {
    /// Its groups.
    pub groups: Vec<GroupStatus>,
    /// What its journal made durable.
    pub flushed: Flushed,
    /// Requests that it has passed on to other members since it was made.
    pub forwarded: u64,
}

/// How one group is doing on this member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GroupStatus {
    /// The group.
    pub group: GroupId,
    /// The core's view.
    pub raft: state::Status,
    /// Last entry the state machine has applied.
    pub applied: Index,
    /// Whether the state machine has stopped at an entry that its program does not understand.
    pub halted: bool,
    /// How often this process found that another member had lost what it had acknowledged.
    pub found_lost: u64,
}

/// One group.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) id: GroupId,
    pub(super) core: Raft,
    /// What the journal has reported.
    pub(super) durable: Token,
    /// How much of it the core knows: what it learns may make it a leader, whose first entry needs room.
    told: Token,
    pub(super) clock: ClusterClock,
    /// Of what this member appended as a leader.
    pub(super) marks: Marks,
    pub(super) checker: Option<Arc<dyn Checker>>,
    pub(super) progress: Arc<Progress>,
    pub(super) queue: Queue,
    pub(super) proposed: Proposed,
    pub(super) reads: Reads,
    /// Messages whose promise is not durable yet, in the order they were made.
    pub(super) held: Vec<(Token, MemberId, Message)>,
    /// Members for whose entries there is no room among what these effects send.
    pub(super) crowded: Vec<MemberId>,
    pub(super) commit: Index,
    next_warning: Duration,
    pub(super) found_lost: u64,
    /// Time has passed since entries were handed to the applier.
    pub(super) ticked: bool,
    /// Last entry handed to the applier, and the bytes of all that were.
    pub(super) handed: Index,
    pub(super) handed_bytes: u64,
}

impl Group {
    pub(super) fn new(
        id: GroupId,
        options: &Options,
        founders: Configuration,
        recovered: Option<GroupState>,
        newest_stamp: Option<u64>,
        now: Duration,
    ) -> Group {
        let recovered = recovered.unwrap_or_default();
        let restored = options::Restored {
            id: options.me,
            initial: founders,
            promised: options.promised,
            term: recovered.term,
            vote: recovered.vote,
            terms: recovered.terms,
            configurations: recovered.configurations,
        };
        // Members and groups draw different election timeouts, and a simulated member always the same.
        let seed = options.raft.seed ^ id.0.rotate_left(17) ^ options.me.0;
        let core = Raft::new(options::Options { seed, ..options.raft.clone() }, restored, now);
        let mut clock = ClusterClock::default();
        newest_stamp.into_iter().for_each(|stamp| clock.observe(stamp, now));
        Group {
            id,
            durable: core.token(),
            told: core.token(),
            core,
            clock,
            marks: Marks::default(),
            checker: None,
            progress: Arc::default(),
            queue: Queue::default(),
            proposed: Proposed::default(),
            reads: Reads::default(),
            held: Vec::new(),
            crowded: Vec::new(),
            commit: 0,
            next_warning: Duration::ZERO,
            found_lost: 0,
            ticked: true,
            handed: 0,
            handed_bytes: 0,
        }
    }

    pub(super) fn is_attached(&self) -> bool {
        self.checker.is_some()
    }

    /// The leader of the current term, and the term, if it is known.
    pub(super) fn leader(&self) -> Option<(Term, MemberId)> {
        let status = self.core.status();
        status.leader.map(|leader| (status.term, leader))
    }

    pub(super) fn leads_in(&self, term: Term) -> bool {
        let status = self.core.status();
        status.role == Role::Leader && status.term == term
    }

    /// Takes the group's code. It has none yet.
    pub(super) fn attach(&mut self, checker: Arc<dyn Checker>, machine: Box<dyn Machine>) -> Work {
        assert!(!self.is_attached(), "a group has one machine");
        self.checker = Some(checker);
        Work::Attach { group: self.id, machine, progress: self.progress.clone() }
    }

    /// Gives the code back: nobody holds a proxy.
    pub(super) fn detach(&mut self) -> Work {
        self.checker = None;
        self.progress = Arc::default();
        self.reads = Reads::default();
        (self.handed, self.handed_bytes) = (0, 0);
        Work::Detach { group: self.id }
    }

    pub(super) fn enqueue(&mut self, pending: Pending, requests_max: usize, ground: &mut Ground) {
        if self.bytes_in_hand() >= BYTES_MAX || self.in_hand(ground) >= requests_max {
            ground.replies.fail(pending.reply, Failure::Busy);
        } else if pending.call.access.is_local() {
            match self.check(&pending) {
                Ok(()) => self.reads.serve_any(pending),
                Err(failure) => ground.replies.fail(pending.reply, failure),
            }
        } else {
            self.queue.push_back(pending);
        }
    }

    /// Bytes of their arguments, entries that wait for the disk aside.
    fn bytes_in_hand(&self) -> u64 {
        self.queue.bytes() + self.reads.bytes(&self.progress)
    }

    /// Requests somewhere between their arrival and their answer.
    fn in_hand(&self, ground: &Ground) -> usize {
        self.queue.len() + self.proposed.len() + self.reads.len(&self.progress) + ground.forwarded.len()
    }

    /// Time passes. A group without code, or whose code does not understand the log, votes and stores, but
    /// neither stands for election nor goes on leading: it could serve nobody.
    pub(super) fn tick(&mut self, now: Duration, ground: &mut Ground) -> Result<(), StorageError> {
        self.ticked = true;
        self.proposed.expire(now, &mut ground.replies);
        self.reads.expire(now, &mut ground.replies);
        while let Some(pending) = self.queue.pop_expired(now) {
            ground.replies.fail(pending.reply, Failure::NoLeader);
        }
        self.tell_durable(now, ground)?;
        if !self.is_attached() || self.progress.is_halted() || !ground.journal.has_vote_room() {
            return Ok(());
        }
        let mut effects = std::mem::take(&mut ground.effects);
        self.core.tick(now, &mut effects);
        self.carry_out(now, effects, &Entries::default(), ground)
    }

    /// A message of a counterpart. One that could not be stored now is dropped, as if the network had
    /// lost it; its sender tries again.
    pub(super) fn receive(
        &mut self,
        now: Duration,
        from: MemberId,
        message: Message,
        entries: &Entries,
        ground: &mut Ground,
    ) -> Result<(), StorageError> {
        if !ground.journal.has_vote_room() || !entries.is_empty() && !ground.takes(entries.len()) {
            return Ok(());
        }
        let mut effects = std::mem::take(&mut ground.effects);
        if let Err(refused) = self.core.receive(now, from, message, &mut effects)
            && now >= self.next_warning
        {
            // Once in a while: whoever sends one may send many.
            self.next_warning = now + WARNING_INTERVAL;
            tracing::warn!(group = %self.id, %from, %refused, "a message no correct member sends");
        }
        self.carry_out(now, effects, entries, ground)
    }

    pub(super) fn durable(
        &mut self,
        now: Duration,
        token: Token,
        ground: &mut Ground,
    ) -> Result<(), StorageError> {
        self.durable = self.durable.max(token);
        for (to, message) in self.take_held(self.durable) {
            ground.links.send(to, message);
        }
        self.tell_durable(now, ground)
    }

    /// Whether anything follows when the write under way has ended: for a message that could not go along with it, for the
    /// core, or for requests that did not find room in this turn.
    pub(super) fn awaits_flush(&self) -> bool {
        !self.held.is_empty() || !self.queue.is_empty() || self.core.awaits_durable()
    }

    /// Lets the core know what is durable; on a full disk later, with a tick that finds room.
    fn tell_durable(&mut self, now: Duration, ground: &mut Ground) -> Result<(), StorageError> {
        if self.told == self.durable || !ground.journal.has_vote_room() {
            return Ok(());
        }
        self.told = self.durable;
        let mut effects = std::mem::take(&mut ground.effects);
        self.core.durable(self.told, &mut effects);
        self.carry_out(now, effects, &Entries::default(), ground)
    }

    /// Once per turn: what is queued goes on its way, and what is committed to the applier.
    pub(super) fn settle(&mut self, now: Duration, ground: &mut Ground) -> Result<(), StorageError> {
        // Before anything is taken for another leadership, or handed over of what another one committed.
        if self.reads.lines_term().is_some_and(|term| !self.leads_in(term)) {
            self.reads.refuse_lines(&mut ground.replies);
        }
        if !self.queue.is_empty() {
            let status = self.core.status();
            match status.leader {
                Some(leader) if leader == ground.me => self.propose(now, ground)?,
                Some(leader) => self.forward(now, leader, status.term, ground),
                None => {}
            }
        }
        self.hand_over(ground)
    }

    pub(super) fn status(&self) -> GroupStatus {
        let (raft, applied) = (self.core.status(), self.progress.applied());
        let halted = self.progress.is_halted();
        GroupStatus { group: self.id, raft, applied, halted, found_lost: self.found_lost }
    }

    /// The member stops, for `failure`. What was never proposed never happens: whoever asked here learns that this
    /// member is closed, whoever asked elsewhere that there is another.
    pub(super) fn abandon(&mut self, failure: Failure, ground: &mut Ground) {
        while let Some(pending) = self.queue.pop_front() {
            let never = match pending.reply {
                ReplyTo::Proxy(_) => Failure::Closed,
                ReplyTo::Origin(..) => Failure::NotLeader,
            };
            ground.replies.fail(pending.reply, never);
        }
        self.proposed.abandon(failure, &mut ground.replies);
        self.reads.abandon(failure, &mut ground.replies);
    }

    /// Answers a request that this member can tell to be wrong.
    pub(super) fn check(&self, pending: &Pending) -> Result<(), Failure> {
        let checker = self.checker.as_ref().ok_or(Failure::UnknownResource)?;
        if self.progress.is_halted() {
            return Err(Failure::Halted);
        }
        checker.check(&pending.call)
    }
}
