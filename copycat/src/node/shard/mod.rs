//! One loop that owns many groups: everything between the consensus cores and the outside.
//!
//! A shard takes whatever has arrived (requests, messages, finished writes, the passing of time), lets
//! each concerned group's core decide, and carries the decisions out: it encodes entries, appends them
//! to the journal, hands messages to the links and committed entries to the applier. It is a plain
//! synchronous value. It owns no thread, reads no clock and never waits: [`driver`](super::driver)
//! drives it with real sockets and disks, the simulation with virtual ones.
//!
//! A turn costs what is ready, not what exists: only groups that something has happened to are settled, and time is told
//! to those whose timers have gone off.
//!
//! The path of a write reads top down: [`Shard::turn`] → [`group`] → [`intake`] → [`replication`] (or [`forwarding`])
//! → [`handover`].

mod bounds;
mod budget;
mod callers;
mod forwarding;
mod group;
mod handover;
mod input;
mod intake;
mod io;
mod lines;
mod log;
mod peers;
mod queue;
mod reading;
mod replication;
mod saving;
mod sending;
#[cfg(test)]
mod tests;
mod timers;
mod waiting;
mod writing;

pub(crate) use bounds::Bounds;
pub(crate) use input::{Attachment, GroupStatus, Input, Options, ShardStatus};
pub(crate) use peers::Links;
pub(crate) use saving::{Outbox, Save};

use self::budget::Budget;
use self::callers::Callers;
use self::group::Group;
use self::io::Io;
use self::log::Log;
use self::peers::Peers;
use self::queue::Pending;
use self::replication::Replication;
use self::timers::Timers;
use super::wire::Message;
use super::workers::Done;
use crate::codec::configuration::Configuration;
use crate::codec::ids::{GroupId, MemberId, Term};
use crate::request::failure::Failure;
use crate::request::reply::{Origin, ReplyTo};
use crate::request::sender::Request;
use crate::request::wire::submit::{Submit, Submitted};
use crate::storage::{Journal, Position, Recovered, StorageError};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Timers that go off within this time are looked at before the shard is left alone until the first of them: most turn
/// out to be early, and would wake it for nothing.
const LOOK_AHEAD: Duration = Duration::from_millis(50);

/// The shard.
#[derive(Debug)]
pub(crate) struct Shard {
    options: Options,
    groups: BTreeMap<GroupId, Group>,
    /// The resources that are open here, and their partitions' groups.
    resources: BTreeMap<String, Vec<GroupId>>,
    io: Io,
    callers: Callers,
    budget: Budget,
    timers: Timers,
    /// Groups that something has happened to in this turn.
    ready: Vec<GroupId>,
    /// Groups that have something to do when the write under way has ended.
    awaiting: BTreeSet<GroupId>,
    out: Outbox,
    /// What every group begins with: the voters the cluster was formed with.
    founders: Option<Configuration>,
    /// Why the shard has stopped for good.
    failure: Option<StorageError>,
}

impl Shard {
    /// Takes over a journal. Its groups come to life when [`found`](Self::found) says who votes.
    pub(crate) fn new(
        options: Options,
        journal: Journal,
        recovered: Recovered,
        links: Box<dyn Links>,
    ) -> Shard {
        let bounds = options.bounds;
        Shard {
            options,
            groups: BTreeMap::new(),
            resources: BTreeMap::new(),
            io: Io::new(Log::new(journal, recovered, &bounds), Peers::new(links), bounds),
            callers: Callers::new(&bounds),
            budget: Budget::new(&bounds),
            timers: Timers::default(),
            ready: Vec::new(),
            awaiting: BTreeSet::new(),
            out: Outbox::default(),
            founders: None,
            failure: None,
        }
    }

    /// The cluster is formed, now or long ago: the groups found in the journal take part from here on.
    pub(crate) fn found(&mut self, now: Duration, founders: Configuration) {
        assert!(self.founders.is_none(), "a cluster is formed once");
        self.founders = Some(founders);
        for group in self.io.log.recovered_groups() {
            if let Err(error) = self.revive(now, group) {
                return self.fail(error);
            }
        }
        self.turn(now, []);
    }

    /// Takes everything that has happened, does what follows from it, and leaves in the [`outbox`](Self::outbox)
    /// what others must do. Never waits.
    pub(crate) fn turn(&mut self, now: Duration, inputs: impl IntoIterator<Item = Input>) {
        for input in inputs {
            if self.failure.is_some() {
                break;
            }
            if let Err(error) = self.take(now, input) {
                self.fail(error);
            }
        }
        if self.failure.is_none()
            && let Err(error) = self.settle(now)
        {
            self.fail(error);
        }
        // Before the journal's write: the followers' disks take as long as the own one, and have farther to go.
        self.finish_turn();
        if self.failure.is_none() {
            self.begin_jobs();
        }
    }

    /// Lets time pass: elections, heartbeats, deadlines. To be called at [`deadline`](Self::deadline) at the latest.
    pub(crate) fn tick(&mut self, now: Duration) {
        if self.failure.is_some() {
            return;
        }
        while let Some((time, id)) = self.timers.first()
            && time <= now
        {
            if let Err(error) = self.ring(now, id) {
                return self.fail(error);
            }
        }
        self.callers.forwarding.expire(now, &mut self.callers.replies);
        self.io.log.tick(now);
        self.turn(now, []);
    }

    /// When the shard wants to be told the time, unless something happens before.
    pub(crate) fn deadline(&mut self, now: Duration) -> Duration {
        while let Some((time, id)) = self.timers.first()
            && time <= now + LOOK_AHEAD
        {
            let Some(group) = self.groups.get_mut(&id) else {
                self.timers.take_first(None);
                continue;
            };
            let deadline = group.deadline(now, &self.io);
            if deadline <= time {
                break;
            }
            if self.timers.take_first(Some(&mut group.timer)) {
                self.timers.set(id, &mut group.timer, deadline);
            }
        }
        let group = self.timers.first().map(|(time, _)| time);
        let all = [group, self.callers.forwarding.deadline(), self.io.log.deadline(now)];
        all.into_iter().flatten().min().unwrap_or(Duration::MAX)
    }

    /// What turns have left to be done by others. Whoever takes it does it.
    pub(crate) fn outbox(&mut self) -> &mut Outbox {
        &mut self.out
    }

    /// Why the shard has stopped for good, if it has. Nothing that was not durable will be acknowledged.
    pub(crate) fn failure(&self) -> Option<&StorageError> {
        self.failure.as_ref()
    }

    /// The journal, to close it in order.
    pub(crate) fn journal_mut(&mut self) -> &mut Journal {
        &mut self.io.log.journal
    }

    /// Every group's role, term and progress, and what the journal made durable.
    pub(crate) fn status(&self) -> ShardStatus {
        let groups = self.groups.values().map(Group::status).collect();
        let (flushed, forwarded) = (self.io.log.journal.flushed(), self.callers.forwarding.total());
        ShardStatus { groups, flushed, forwarded }
    }

    /// The leader of a group's current term, and the term, as far as its core knows.
    pub(crate) fn leader(&self, group: GroupId) -> Option<(Term, MemberId)> {
        self.groups.get(&group)?.leader()
    }

    /// The groups of a resource's partitions, in their order, if it is open here.
    pub(crate) fn resource(&self, name: &str) -> Option<&[GroupId]> {
        self.resources.get(name).map(Vec::as_slice)
    }

    /// Whether anybody waits for this member to learn that the write under way has ended. If not, it may learn it later,
    /// with any turn.
    pub(crate) fn awaits_flush(&self) -> bool {
        self.io.log.journal.has_waiting() || !self.awaiting.is_empty()
    }

    /// Ends every request that is still open: the node is stopping.
    pub(crate) fn stop(&mut self) {
        let Callers { replies, forwarding, .. } = &mut self.callers;
        self.groups.values_mut().for_each(|group| group.close(Failure::Stopped, replies));
        forwarding.abandon(Failure::Stopped, replies);
        self.finish_turn();
    }

    fn fail(&mut self, error: StorageError) {
        tracing::error!(%error, "the journal failed: this member stops");
        self.failure = Some(error);
        self.stop();
    }

    fn take(&mut self, now: Duration, input: Input) -> Result<(), StorageError> {
        let deadline = now + self.options.request_timeout;
        match input {
            Input::Request(Request { group, call, reply }) => {
                self.enqueue(group, Pending { term: 0, call, reply: ReplyTo::Proxy(reply), deadline });
            }
            Input::Submitted { origin, submit } => self.take_submitted(now, &origin, submit),
            Input::Answered { from, answers } => {
                let Callers { replies, forwarding, .. } = &mut self.callers;
                forwarding.take_answers(from, answers, replies);
            }
            Input::Raft { from, group, message, entries } => {
                self.with(group, |group, io| group.receive(now, from, message, &entries, io))?;
            }
            Input::Connected(peer) => {
                self.io.peers.opened(peer);
                self.mark_all(Group::has_queued);
            }
            Input::Disconnected(peer) => {
                self.io.peers.closed(peer);
                self.callers.forwarding.fail_to(peer, &mut self.callers.replies);
                self.groups.values_mut().for_each(|group| group.disconnected(peer));
            }
            Input::Done(Done::Written(written)) => {
                let durable = self.io.log.journal.written(written)?;
                self.release_durable(now, durable)?;
                self.mark_all(Group::has_queued);
            }
            Input::Done(Done::Prepared(prepared)) => {
                self.io.log.journal.prepared(prepared);
                self.mark_all(Group::has_queued);
            }
            Input::Attach(attachment) => self.attach(now, attachment)?,
            Input::Detach(groups) => self.detach(&groups),
        }
        Ok(())
    }

    fn enqueue(&mut self, id: GroupId, pending: Pending) {
        if !self.groups.get(&id).is_some_and(Group::is_attached) {
            return self.callers.replies.fail(pending.reply, Failure::UnknownResource);
        }
        if !self.admits(id) {
            return self.callers.replies.fail(pending.reply, Failure::Busy);
        }
        let group = self.groups.get_mut(&id).expect("it was there a moment ago");
        group.enqueue(pending, &mut self.callers.replies);
        mark(id, group, &mut self.ready);
    }

    /// Whether there is room for one more request to the group. Before it says no, it counts again what all groups
    /// use.
    fn admits(&mut self, id: GroupId) -> bool {
        let forwarded = self.callers.forwarding.len();
        let Shard { groups, budget, .. } = self;
        let mut admits = |id| {
            let group: &mut Group = groups.get_mut(&id).expect("a group that is asked");
            let own = group.usage();
            budget.recount(&mut group.counted, own);
            budget.admits(own, forwarded)
        };
        if admits(id) {
            return true;
        }
        let others: Vec<GroupId> = self.groups.keys().copied().collect();
        let Shard { groups, budget, .. } = self;
        for other in others {
            let group = groups.get_mut(&other).expect("it was listed");
            let own = group.usage();
            budget.recount(&mut group.counted, own);
        }
        budget.admits(groups[&id].usage(), forwarded)
    }

    /// Requests that name a term are refused as a whole if it is not this member's: what a client sent
    /// in one order is never proposed in another.
    fn take_submitted(&mut self, now: Duration, origin: &Origin, submit: Submit) {
        let Submit { group, term, left, requests } = submit;
        let deadline = now + left.min(self.options.request_timeout);
        let leads = self.groups.get(&group).is_some_and(|group| group.leads_in(term));
        for Submitted { id, call } in requests {
            let reply = ReplyTo::Origin(origin.clone(), id);
            if term != 0 && !leads {
                self.callers.replies.fail(reply, Failure::NotLeader);
            } else {
                self.enqueue(group, Pending { term, call, reply, deadline });
            }
        }
    }

    /// Gives all groups of a resource their code, or none of them.
    fn attach(&mut self, now: Duration, attachment: Attachment) -> Result<(), StorageError> {
        let Attachment { resource, groups, checker, done } = attachment;
        let ids: Vec<GroupId> = groups.iter().map(|(id, _)| *id).collect();
        let taken = |id| self.groups.get(id).is_some_and(Group::is_attached);
        if ids.iter().any(taken) {
            let _ = done.send(Err(Failure::Busy));
            return Ok(());
        }
        // Whoever stopped waiting holds no proxy: nothing was opened then.
        if done.is_closed() {
            return Ok(());
        }
        if self.founders.is_none() {
            let _ = done.send(Err(Failure::NoLeader));
            return Ok(());
        }
        for (id, machine) in groups {
            self.revive(now, id)?;
            let group = self.groups.get_mut(&id).expect("it lives");
            self.callers.work.push(group.attach(checker.clone(), machine));
            mark(id, group, &mut self.ready);
        }
        if done.send(Ok(())).is_err() {
            self.detach(&ids);
        } else {
            self.resources.insert(resource, ids);
        }
        Ok(())
    }

    fn detach(&mut self, ids: &[GroupId]) {
        self.resources.retain(|_, groups| groups != ids);
        let attached = ids.iter().filter_map(|id| self.groups.get_mut(id).map(Group::detach));
        self.callers.work.extend(attached);
    }

    /// Sees to it that the group lives, made from what the journal knows of it. The cluster is formed.
    fn revive(&mut self, now: Duration, id: GroupId) -> Result<(), StorageError> {
        if self.groups.contains_key(&id) {
            return Ok(());
        }
        let founders = self.founders.clone().expect("a group lives in a cluster that was formed");
        let (newest, unread) = match self.io.log.newest_stamp(id) {
            Err(error) if error.is_of_group() => (None, Err(error)),
            newest => (newest?, Ok(())),
        };
        let recovered = self.io.log.take_recovered(id).unwrap_or_default();
        let replication = Replication::new(id, &self.options, founders, recovered, newest, now);
        let group = self.groups.entry(id).or_insert(Group::new(id, replication));
        mark(id, group, &mut self.ready);
        self.contain(id, unread)
    }

    fn release_durable(&mut self, now: Duration, durable: Position) -> Result<(), StorageError> {
        while let Some((group, token)) = self.io.log.next_durable(durable) {
            self.with(group, |group, io| group.durable(now, token, io))?;
        }
        Ok(())
    }

    /// The group's timer, which is the first, goes off.
    fn ring(&mut self, now: Duration, id: GroupId) -> Result<(), StorageError> {
        let timer = self.groups.get_mut(&id).map(|group| &mut group.timer);
        if !self.timers.take_first(timer) {
            return Ok(());
        }
        let replies = &mut self.callers.replies;
        let Some(group) = self.groups.get_mut(&id) else { return Ok(()) };
        mark(id, group, &mut self.ready);
        let ticked = group.tick(now, &mut self.io, replies);
        self.contain(id, ticked)
    }

    /// Lets something happen to a group, if it lives here and has not stopped.
    fn with(
        &mut self,
        id: GroupId,
        happens: impl FnOnce(&mut Group, &mut Io) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        let Some(group) = self.groups.get_mut(&id).filter(|group| !group.is_stopped()) else { return Ok(()) };
        mark(id, group, &mut self.ready);
        let happened = happens(group, &mut self.io);
        self.contain(id, happened)
    }

    /// An error of one group stops that group, and no other.
    fn contain(&mut self, id: GroupId, outcome: Result<(), StorageError>) -> Result<(), StorageError> {
        match outcome {
            Err(error) if error.is_of_group() => {
                let group = self.groups.get_mut(&id).expect("something has happened to it");
                group.stop(&error, &mut self.callers.replies);
                Ok(())
            }
            other => other,
        }
    }

    fn mark_all(&mut self, wanted: impl Fn(&Group) -> bool) {
        // What waits for the disk, or for a connection, is among those that were noted with the last turn.
        for id in &self.awaiting {
            let group = self.groups.get_mut(id).expect("groups that were settled live");
            if wanted(group) {
                mark(*id, group, &mut self.ready);
            }
        }
    }

    /// Once per turn: every group that something has happened to goes on.
    fn settle(&mut self, now: Duration) -> Result<(), StorageError> {
        let mut ready = std::mem::take(&mut self.ready);
        for id in ready.drain(..) {
            let group = self.groups.get_mut(&id).expect("groups that are marked live");
            group.ready = false;
            let settled = match group.is_stopped() {
                true => Ok(()),
                false => group.settle(now, self.options.me, &mut self.io, &mut self.callers),
            };
            self.contain(id, settled)?;
            self.note(now, id);
        }
        self.ready = ready;
        Ok(())
    }

    /// When the group is to be looked at next.
    fn note(&mut self, now: Duration, id: GroupId) {
        let group = self.groups.get_mut(&id).expect("groups that are settled live");
        let deadline = group.deadline(now, &self.io);
        self.timers.set(id, &mut group.timer, deadline);
        self.await_flush(id);
    }

    fn await_flush(&mut self, id: GroupId) {
        if self.groups.get(&id).is_some_and(Group::awaits_flush) {
            self.awaiting.insert(id);
        } else {
            self.awaiting.remove(&id);
        }
    }

    /// Sends what the turn has gathered.
    fn finish_turn(&mut self) {
        self.io.peers.flush();
        self.callers.replies.flush();
        self.callers.handed_left = self.options.bounds.handed_bytes;
        self.out.work.append(&mut self.callers.work);
    }

    /// Asks the journal what is to be done for it. It has one job of each kind under way at most; what was left in the
    /// outbox is still to be taken.
    fn begin_jobs(&mut self) {
        if self.out.save.is_none() {
            self.out.save = self.next_save();
        }
        if self.out.preparation.is_none() {
            self.out.preparation = self.io.log.journal.next_preparation();
        }
    }

    /// What the journal wants written next, with everything that may be said then.
    fn next_save(&mut self) -> Option<Save> {
        let write = self.io.log.journal.next_write()?;
        let (mut messages, mut spoken) = (Vec::new(), Vec::new());
        for (id, token) in self.io.log.tokens_within(write.end()) {
            if let Some(group) = self.groups.get_mut(&id) {
                messages
                    .extend(group.take_held(token).map(|(to, message)| (to, Message::plain(id, message))));
                spoken.push(id);
            }
        }
        spoken.into_iter().for_each(|id| self.await_flush(id));
        Some(Save::new(write, messages))
    }
}

/// Something has happened to the group: this turn settles it.
fn mark(id: GroupId, group: &mut Group, ready: &mut Vec<GroupId>) {
    if !std::mem::replace(&mut group.ready, true) {
        ready.push(id);
    }
}
