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
//! → [`apply_queue`].

mod apply_queue;
mod bounds;
mod budget;
mod forwarding;
mod group;
mod groups;
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
mod tail_checksums;
#[cfg(test)]
mod tests;
mod timers;
mod turn_output;
mod waiting;
mod writing;

pub(crate) use bounds::Bounds;
pub(crate) use input::{Attachment, GroupStatus, Input, Options, ShardStatus};
pub(crate) use peers::Links;
pub(crate) use saving::{Outbox, Save};

use self::group::Group;
use self::groups::{Groups, Slot};
use self::io::Io;
use self::log::Log;
use self::peers::Peers;
use self::queue::QueuedRequest;
use self::replication::Replication;
use self::turn_output::TurnOutput;
use super::completions::Done;
use super::wire;
use crate::codec::configuration::Configuration;
use crate::codec::ids::{GroupId, MemberId, Term};
use crate::raft::message::Message;
use crate::request::failure::Failure;
use crate::request::reply::{Origin, ReplyTo};
use crate::request::sender::Request;
use crate::request::wire::submit::{Submit, Submitted};
use crate::storage::{Journal, Position, Recovered, StorageError};
use std::collections::BTreeMap;
use std::time::Duration;

/// The shard.
#[derive(Debug)]
pub(crate) struct Shard {
    options: Options,
    groups: Groups,
    /// The resources that are open here, and their partitions' groups.
    resources: BTreeMap<String, Vec<GroupId>>,
    io: Io,
    output: TurnOutput,
    out: Outbox,
    /// What every group begins with: the voters the cluster was formed with.
    initial: Option<Configuration>,
    /// Why the shard has stopped for good.
    failure: Option<StorageError>,
}

impl Shard {
    /// Takes over a journal. Its groups come to life when [`bootstrap`](Self::bootstrap) says who votes.
    pub(crate) fn new(
        options: Options,
        journal: Journal,
        recovered: Recovered,
        links: Box<dyn Links>,
    ) -> Shard {
        let (bounds, peers) = (options.bounds, Peers::new(links, &options.raft));
        Shard {
            options,
            groups: Groups::new(&bounds),
            resources: BTreeMap::new(),
            io: Io::new(Log::new(journal, recovered, &bounds), peers, bounds),
            output: TurnOutput::new(&bounds),
            out: Outbox::default(),
            initial: None,
            failure: None,
        }
    }

    /// The cluster is formed, now or long ago: the groups found in the journal take part from here on.
    pub(crate) fn bootstrap(&mut self, now: Duration, initial: Configuration) {
        assert!(self.initial.is_none(), "a cluster is formed once");
        self.initial = Some(initial);
        for group in self.io.log.recovered_groups() {
            if let Err(error) = self.load_group(now, group) {
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
            && let Err(error) = self.process_ready(now)
        {
            self.fail(error);
        }
        // Before the journal's write: the followers' disks take as long as the own one, and have farther to go.
        self.finish_turn(now);
        if self.failure.is_none() {
            self.begin_jobs();
        }
    }

    /// Lets time pass: elections, heartbeats, deadlines. To be called at [`deadline`](Self::deadline) at the latest.
    pub(crate) fn tick(&mut self, now: Duration) {
        if self.failure.is_some() {
            return;
        }
        while let Some(slot) = self.groups.next_due(now) {
            let TurnOutput { replies, .. } = &mut self.output;
            let ticked = self.groups.touch(slot).tick(now, &mut self.io, replies);
            if let Err(error) = self.stop_on_error(slot, ticked) {
                return self.fail(error);
            }
        }
        self.output.forwarding.expire(now, &mut self.output.replies);
        self.io.log.tick(now);
        self.turn(now, []);
    }

    /// When the shard wants to be told the time, unless something happens before.
    pub(crate) fn deadline(&mut self, now: Duration) -> Duration {
        let group = self.groups.deadline(now, &self.io);
        let (forwarding, peers) = (self.output.forwarding.deadline(), self.io.peers.deadline());
        let all = [group, forwarding, peers, self.io.log.deadline(now)];
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
        let groups = self.groups.iter().map(Group::status).collect();
        let (flushed, forwarded) = (self.io.log.journal.flushed(), self.output.forwarding.total());
        ShardStatus { groups, flushed, forwarded }
    }

    /// The leader of a group's current term, and the term, as far as its core knows.
    pub(crate) fn leader(&self, group: GroupId) -> Option<(Term, MemberId)> {
        self.groups.get(self.groups.find(group)?).leader()
    }

    /// One group's role, term and progress, if it is known here.
    pub(crate) fn group_status(&self, group: GroupId) -> Option<GroupStatus> {
        self.groups.find(group).map(|slot| self.groups.get(slot).status())
    }

    /// The groups of a resource's partitions, in their order, if it is open here.
    pub(crate) fn resource(&self, name: &str) -> Option<&[GroupId]> {
        self.resources.get(name).map(Vec::as_slice)
    }

    /// Whether anybody waits for this member to learn that the write under way has ended. If not, it may learn it later,
    /// with any turn.
    pub(crate) fn awaits_flush(&self) -> bool {
        self.io.log.journal.has_waiting() || self.groups.awaits_any_flush()
    }

    /// Ends every request that is still open: the node is stopping.
    pub(crate) fn stop(&mut self) {
        let TurnOutput { replies, forwarding, .. } = &mut self.output;
        self.groups.iter_mut().for_each(|group| group.close(Failure::Stopped, replies));
        forwarding.abandon(Failure::Stopped, replies);
        self.finish_turn(Duration::MAX);
    }

    fn fail(&mut self, error: StorageError) {
        tracing::error!(%error, "the journal failed: this member stops");
        self.failure = Some(error);
        self.stop();
    }

    fn take(&mut self, now: Duration, input: Input) -> Result<(), StorageError> {
        assert!(self.failure.is_none(), "a shard that has stopped takes nothing");
        let deadline = now + self.options.request_timeout;
        match input {
            Input::Request(Request { group, call, reply }) => {
                self.enqueue(group, QueuedRequest { term: 0, call, reply: ReplyTo::Proxy(reply), deadline });
            }
            Input::Submitted { origin, submit } => self.take_submitted(now, &origin, submit),
            Input::Answered { from, answers } => {
                let TurnOutput { replies, forwarding, .. } = &mut self.output;
                forwarding.take_answers(from, answers, replies);
            }
            Input::Raft { from, group, message, entries } => {
                if matches!(message, Message::Heartbeat { urgent: true, .. }) {
                    self.io.peers.hurry(from);
                }
                self.with(group, |group, io| group.receive(now, from, message, &entries, io))?;
            }
            Input::Connected(peer) => {
                self.io.peers.opened(peer);
                self.groups.touch_waiting(Group::has_queued);
            }
            Input::Disconnected(peer) => {
                self.io.peers.closed(peer);
                self.output.forwarding.fail_to(peer, &mut self.output.replies);
                self.groups.iter_mut().for_each(|group| group.disconnected(peer));
            }
            Input::Done(Done::Written(written)) => {
                let durable = self.io.log.journal.written(written)?;
                self.release_durable(now, durable)?;
                self.groups.touch_waiting(Group::has_queued);
            }
            Input::Done(Done::Prepared(prepared)) => {
                self.io.log.journal.prepared(prepared);
                self.groups.touch_waiting(Group::has_queued);
            }
            Input::Attach(attachment) => self.attach(now, attachment)?,
            Input::Detach(groups) => self.detach(&groups),
        }
        Ok(())
    }

    fn enqueue(&mut self, id: GroupId, pending: QueuedRequest) {
        let TurnOutput { replies, forwarding, .. } = &mut self.output;
        match self.groups.find(id).filter(|slot| self.groups.get(*slot).is_attached()) {
            None => replies.fail(pending.reply, Failure::UnknownResource),
            Some(slot) if !self.groups.admit(slot, pending.call.len(), forwarding.len()) => {
                replies.fail(pending.reply, Failure::Busy);
            }
            Some(slot) => self.groups.touch(slot).enqueue(pending, replies),
        }
    }

    /// Requests that name a term are refused as a whole if it is not this member's: what a client sent
    /// in one order is never proposed in another.
    fn take_submitted(&mut self, now: Duration, origin: &Origin, submit: Submit) {
        let Submit { group, term, left, requests } = submit;
        let deadline = now + left.min(self.options.request_timeout);
        let leads = self.groups.find(group).is_some_and(|slot| self.groups.get(slot).leads_in(term));
        for Submitted { id, call } in requests {
            let reply = ReplyTo::Origin(origin.clone(), id);
            if term != 0 && !leads {
                self.output.replies.fail(reply, Failure::NotLeader);
            } else {
                self.enqueue(group, QueuedRequest { term, call, reply, deadline });
            }
        }
    }

    /// Gives all groups of a resource their code, or none of them.
    fn attach(&mut self, now: Duration, attachment: Attachment) -> Result<(), StorageError> {
        let Attachment { resource, groups, checker, done } = attachment;
        let ids: Vec<GroupId> = groups.iter().map(|(id, _)| *id).collect();
        let taken =
            |id: &GroupId| self.groups.find(*id).is_some_and(|slot| self.groups.get(slot).is_attached());
        if ids.iter().any(taken) {
            let _ = done.send(Err(Failure::Busy));
            return Ok(());
        }
        // Whoever stopped waiting holds no proxy: nothing was opened then.
        if done.is_closed() {
            return Ok(());
        }
        if self.initial.is_none() {
            let _ = done.send(Err(Failure::NoLeader));
            return Ok(());
        }
        for (id, machine) in groups {
            let slot = self.load_group(now, id)?;
            self.output.work.push(self.groups.touch(slot).attach(checker.clone(), machine));
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
        for slot in ids.iter().filter_map(|id| self.groups.find(*id)).collect::<Vec<_>>() {
            let TurnOutput { replies, work, .. } = &mut self.output;
            work.push(self.groups.get_mut(slot).detach(replies));
        }
    }

    /// Sees to it that the group lives, made from what the journal knows of it. The cluster is formed.
    fn load_group(&mut self, now: Duration, id: GroupId) -> Result<Slot, StorageError> {
        if let Some(slot) = self.groups.find(id) {
            return Ok(slot);
        }
        let initial = self.initial.clone().expect("a group lives in a cluster that was formed");
        let (newest, unread) = match self.io.log.newest_stamp(id) {
            Err(error) if error.is_of_group() => (None, Err(error)),
            newest => (newest?, Ok(())),
        };
        let recovered = self.io.log.take_recovered(id).unwrap_or_default();
        let replication = Replication::new(id, &self.options, initial, recovered, newest, now);
        let slot = self.groups.insert(id, Group::new(id, replication));
        self.stop_on_error(slot, unread).map(|()| slot)
    }

    fn release_durable(&mut self, now: Duration, durable: Position) -> Result<(), StorageError> {
        while let Some((group, token)) = self.io.log.next_durable(durable) {
            self.with(group, |group, io| group.durable(now, token, io))?;
        }
        Ok(())
    }

    /// Lets something happen to a group, if it lives here and has not stopped.
    fn with(
        &mut self,
        id: GroupId,
        happens: impl FnOnce(&mut Group, &mut Io) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        let Some(slot) = self.groups.find(id) else { return Ok(()) };
        let group = self.groups.touch(slot);
        let happened = if group.is_stopped() { Ok(()) } else { happens(group, &mut self.io) };
        self.stop_on_error(slot, happened)
    }

    /// An error of one group stops that group, and no other.
    fn stop_on_error(&mut self, slot: Slot, outcome: Result<(), StorageError>) -> Result<(), StorageError> {
        match outcome {
            Err(error) if error.is_of_group() => {
                self.groups.get_mut(slot).stop(&error, &mut self.output.replies);
                Ok(())
            }
            other => other,
        }
    }

    /// Once per turn: every group that something has happened to goes on.
    fn process_ready(&mut self, now: Duration) -> Result<(), StorageError> {
        while let Some(slot) = self.groups.next_ready() {
            let group = self.groups.get_mut(slot);
            let settled = match group.is_stopped() {
                true => Ok(()),
                false => group.process_ready(now, self.options.me, &mut self.io, &mut self.output),
            };
            self.stop_on_error(slot, settled)?;
            self.groups.note(now, slot, &self.io);
        }
        Ok(())
    }

    /// Sends what the turn has gathered.
    fn finish_turn(&mut self, now: Duration) {
        self.io.peers.flush(now);
        self.output.replies.flush();
        self.output.handed_left = self.options.bounds.handed_bytes;
        self.out.work.append(&mut self.output.work);
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
        let mut messages = Vec::new();
        for (id, token) in self.io.log.tokens_within(write.end()) {
            if let Some(slot) = self.groups.find(id) {
                let group = self.groups.get_mut(slot);
                messages.extend(
                    group.take_held(token).map(|(to, message)| (to, wire::Message::plain(id, message))),
                );
                self.groups.await_flush(slot);
            }
        }
        Some(Save::new(write, messages))
    }
}
