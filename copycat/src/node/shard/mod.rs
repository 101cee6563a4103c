//! The value that owns all groups of a member: everything between their consensus cores and the outside.
//!
//! A shard takes all inputs that have arrived: requests, messages, finished writes, and the passing of time. It lets
//! the core of each affected group decide, and carries out the decisions. It encodes entries and appends them to the
//! journal, passes messages to the connections, and dispatches committed entries to the applier. It is a plain
//! synchronous value. It owns no thread, reads no clock, and blocks only to read old entries from disk.
//! [`driver`](super::driver) drives it with real sockets and disks, the simulation with virtual ones.
//!
//! The event loop runs one turn for all inputs that have arrived. Its cost depends on the groups with work, not on all
//! groups: it processes those that received an input and those whose timers have expired.
//!
//! The path of a write can be read in this order: [`Shard::turn`] → [`group`] → [`intake`] → [`consensus`] (or
//! [`forwarding`]) → [`dispatcher`].

mod announcements;
mod bounds;
mod budget;
mod consensus;
mod dispatcher;
mod flush_task;
mod forwarding;
mod group;
mod group_schema;
mod groups;
mod input;
mod intake;
mod io;
mod lines;
mod message_sender;
mod open_resource;
mod peer;
mod peers;
mod proposed;
mod queue;
mod reading;
mod resources;
mod shard_journal;
mod tail_checksums;
#[cfg(test)]
mod tests;
mod timers;
mod turn_output;
mod writing;

pub(crate) use bounds::Bounds;
pub(crate) use flush_task::{FlushTask, Jobs};
pub(crate) use input::{AttachError, Attachment, GroupStatus, Input, ShardOptions, ShardStatus};
pub(crate) use open_resource::OpenResource;
pub(crate) use peers::Links;

use self::consensus::Consensus;
use self::group::Group;
use self::group_schema::NewRecord;
use self::groups::{Groups, Slot};
use self::io::Io;
use self::peers::Peers;
use self::queue::QueuedRequest;
use self::resources::Resources;
use self::shard_journal::ShardJournal;
use self::turn_output::TurnOutput;
use super::completions::Done;
use super::wire::{self, Announcement};
use crate::codec::configuration::Configuration;
use crate::codec::ids::{GroupId, MemberId, Term};
use crate::codec::shape::record::SchemaRecord;
use crate::raft::message::Message;
use crate::request::error::RequestError;
use crate::request::reply::{Origin, ReplyTo};
use crate::request::sender::Request;
use crate::request::wire::submit::{Submit, Submitted};
use crate::storage::{Journal, Position, Recovered, StorageError};
use std::time::Duration;

/// The groups of one member, with the journal and the connections that they share. See the [module](self).
#[derive(Debug)]
pub(crate) struct Shard {
    options: ShardOptions,
    groups: Groups,
    resources: Resources,
    io: Io,
    output: TurnOutput,
    /// The configuration that every group starts with: the initial voters of the cluster. `None` before the bootstrap.
    initial: Option<Configuration>,
    /// The error that stopped the shard. A stopped shard does not recover.
    failure: Option<StorageError>,
}

impl Shard {
    /// Takes over a journal. Its groups take part from [`bootstrap`](Self::bootstrap) on, which names the voters.
    pub(crate) fn new(
        options: ShardOptions,
        journal: Journal,
        recovered: Recovered,
        links: Box<dyn Links>,
    ) -> Shard {
        let (bounds, peers) = (options.bounds, Peers::new(links, &options.raft));
        Shard {
            options,
            groups: Groups::new(&bounds),
            resources: Resources::default(),
            io: Io::new(ShardJournal::new(journal, recovered, &bounds), peers, bounds),
            output: TurnOutput::new(&bounds),
            initial: None,
            failure: None,
        }
    }

    /// Starts the groups found in the journal. Called once, when the cluster is bootstrapped or is known to have been.
    pub(crate) fn bootstrap(&mut self, now: Duration, initial: Configuration) {
        assert!(self.initial.is_none(), "a cluster is formed once");
        self.initial = Some(initial);
        for group in self.io.shard_journal.recovered_groups() {
            if let Err(error) = self.load_group(now, group) {
                return self.fail(error);
            }
        }
        self.turn(now, []);
    }

    /// Processes the inputs, the time that has passed, and everything that follows from them. Leaves the jobs for other
    /// threads in the [`jobs`](Self::jobs). Blocks only to read entries that are no longer in memory.
    ///
    /// The inputs come first: a heartbeat that has arrived, but was not processed, must not count as missing.
    /// Heartbeats that are due leave with the answers that this turn gives to those of others.
    pub(crate) fn turn(&mut self, now: Duration, inputs: impl IntoIterator<Item = Input>) {
        for input in inputs {
            if self.failure.is_some() {
                break;
            }
            if let Err(error) = self.take(now, input).and_then(|()| self.wake_quiet(now)) {
                self.fail(error);
            }
        }
        if self.failure.is_none()
            && let Err(error) = self.advance_time(now).and_then(|()| self.process_ready(now))
        {
            self.fail(error);
        }
        // Messages leave before the journal writes: the disks of the followers take as long as this one, and the
        // network comes on top.
        self.io.peers.flush(now);
        self.finish_turn();
        if self.failure.is_none() {
            self.begin_jobs();
        }
    }

    /// Advances the time: elections, heartbeats, deadlines.
    fn advance_time(&mut self, now: Duration) -> Result<(), StorageError> {
        while let Some(slot) = self.groups.next_due(now) {
            let TurnOutput { replies, .. } = &mut self.output;
            let ticked = self.groups.touch(slot).tick(now, &mut self.io, replies);
            self.stop_on_error(slot, ticked)?;
        }
        self.groups.touch_postponed(now);
        self.io.peers.tick(now);
        self.output.forwarding.expire(now, &mut self.output.replies);
        self.io.shard_journal.tick(now);
        let groups = &self.groups;
        self.resources.announce(now, |resource| groups.record_state(resource), &mut self.io.peers);
        self.wake_quiet(now)
    }

    /// Wakes the quiet groups whose quiet has ended.
    fn wake_quiet(&mut self, now: Duration) -> Result<(), StorageError> {
        if !self.io.peers.must_wake() {
            return Ok(());
        }
        // What followers agreed to may be over as well, although not all had agreed yet.
        self.groups.iter_mut().for_each(Group::forget_agreements);
        while let Some(id) = self.io.peers.next_to_wake() {
            self.with(id, |group, io| {
                group.wake(now, io);
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Returns the time at which the next [`turn`](Self::turn) must come, unless one comes before and moves it.
    pub(crate) fn deadline(&mut self, now: Duration) -> Duration {
        let group = self.groups.deadline(now, &self.io);
        let (forwarding, peers) = (self.output.forwarding.deadline(), self.io.peers.deadline());
        let all = [group, forwarding, peers, self.io.shard_journal.deadline(now), self.resources.deadline()];
        all.into_iter().flatten().min().unwrap_or(Duration::MAX)
    }

    /// Returns the jobs that turns have left for other threads. A caller that takes a job must run it.
    pub(crate) fn jobs(&mut self) -> &mut Jobs {
        &mut self.output.jobs
    }

    /// Returns the error that stopped the shard, if there is one. A stopped shard acknowledges nothing that was not
    /// durable.
    pub(crate) fn failure(&self) -> Option<&StorageError> {
        self.failure.as_ref()
    }

    /// Returns the journal, so that it can be closed in order.
    pub(crate) fn journal_mut(&mut self) -> &mut Journal {
        &mut self.io.shard_journal.journal
    }

    /// Returns the role, term and progress of every group, and the figures of the journal.
    pub(crate) fn status(&self) -> ShardStatus {
        let mut groups: Vec<_> = self.groups.iter().map(Group::status).collect();
        groups.sort_unstable_by_key(|status| status.group);
        let (flushed, forwarded) = (self.io.shard_journal.journal.flushed(), self.output.forwarding.total());
        ShardStatus { groups, flushed, forwarded }
    }

    /// Returns the current term of a group and its leader, as far as the core knows.
    pub(crate) fn leader(&self, group: GroupId) -> Option<(Term, MemberId)> {
        self.groups.get(self.groups.find(group)?).leader()
    }

    /// Returns the role, term and progress of one group, if it exists here.
    pub(crate) fn group_status(&self, group: GroupId) -> Option<GroupStatus> {
        self.groups.find(group).map(|slot| self.groups.get(slot).status())
    }

    /// Returns the resource of this name, if it is open here.
    pub(crate) fn resource(&self, name: &str) -> Option<&OpenResource> {
        self.resources.get(name).map(|resource| &**resource)
    }

    /// Returns what is on record of an open resource, once it is in every group and this program agrees.
    pub(crate) fn record(&self, resource: &OpenResource) -> Option<&SchemaRecord> {
        self.groups.record(resource)
    }

    /// Returns whether the loop must be woken when the current flush ends. If not, any later turn may take the report.
    pub(crate) fn awaits_flush(&self) -> bool {
        self.io.shard_journal.journal.has_waiting() || self.groups.awaits_any_flush()
    }

    /// Fails every open request, because the node stops.
    pub(crate) fn stop(&mut self) {
        let TurnOutput { replies, forwarding, .. } = &mut self.output;
        self.groups.iter_mut().for_each(|group| group.close(RequestError::Stopped, replies));
        forwarding.abandon(RequestError::Stopped, replies);
        self.finish_turn();
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
                let slot = self.attached(group);
                self.enqueue(slot, QueuedRequest { term: 0, call, reply: ReplyTo::Proxy(reply), deadline });
            }
            Input::Submitted { origin, submit } => self.take_submitted(now, &origin, submit),
            Input::Answered { from, answers } => {
                let TurnOutput { replies, forwarding, .. } = &mut self.output;
                forwarding.take_answers(from, answers, replies);
            }
            Input::HeartbeatHead { from, head } => self.io.peers.receive_head(now, from, head),
            Input::Raft { from, group, message, entries } => {
                if matches!(message, Message::Heartbeat { urgent: true, .. }) {
                    self.io.peers.send_now(from);
                }
                self.with(group, |group, io| group.receive(now, from, message, &entries, io))?;
            }
            Input::Announced { from, announcement } => self.take_announcement(now, from, announcement),
            Input::BulkConnected(peer) => {
                self.io.peers.opened(peer);
                let groups = &self.groups;
                self.resources.announce_to(
                    peer,
                    |resource| groups.record_state(resource),
                    &mut self.io.peers,
                );
                self.groups.touch_waiting(Group::has_queued);
            }
            Input::BulkDisconnected(peer) => {
                self.io.peers.closed(peer);
                self.output.forwarding.fail_to(peer, &mut self.output.replies);
                self.io.peers.end_agreement(peer);
                self.wake_quiet(now)?;
                let taking_part = self.groups.iter_mut().filter(|group| !group.is_stopped());
                taking_part.for_each(|group| group.disconnected(peer));
            }
            Input::Done(Done::Written(written)) => {
                let durable = self.io.shard_journal.journal.written(written)?;
                self.release_durable(now, durable)?;
                self.groups.touch_waiting(Group::has_queued);
            }
            Input::Done(Done::Preallocated(preallocated)) => {
                self.io.shard_journal.journal.preallocated(preallocated);
                self.groups.touch_waiting(Group::has_queued);
            }
            Input::Attach(attachment) => self.attach(now, attachment)?,
            Input::Detach(groups) => self.detach(&groups),
        }
        Ok(())
    }

    /// Returns the slot of a group, if the group has a state machine here.
    fn attached(&self, id: GroupId) -> Option<Slot> {
        self.groups.find(id).filter(|slot| self.groups.get(*slot).is_attached())
    }

    fn enqueue(&mut self, slot: Option<Slot>, pending: QueuedRequest) {
        let TurnOutput { replies, forwarding, .. } = &mut self.output;
        match slot {
            None => replies.fail(pending.reply, RequestError::UnknownResource),
            Some(slot) if !self.groups.admit(slot, pending.call.len(), forwarding.len()) => {
                replies.fail(pending.reply, RequestError::Busy);
            }
            Some(slot) => self.groups.touch(slot).enqueue(pending, replies),
        }
    }

    /// Takes the requests of one message. If they name a term that this member does not lead in, all of them are
    /// refused: requests that a client sent in one order are never proposed in another.
    fn take_submitted(&mut self, now: Duration, origin: &Origin, submit: Submit) {
        let Submit { group, term, left, requests } = submit;
        let deadline = now + left.min(self.options.request_timeout);
        let leads = self.groups.find(group).is_some_and(|slot| self.groups.get(slot).leads_in(term));
        let slot = self.attached(group);
        for Submitted { id, call } in requests {
            let reply = ReplyTo::Origin(origin.clone(), id);
            if term != 0 && !leads {
                self.output.replies.fail(reply, RequestError::NotLeader);
            } else {
                self.enqueue(slot, QueuedRequest { term, call, reply, deadline });
            }
        }
    }

    /// Attaches the state machines of all groups of a resource, or none of them.
    fn attach(&mut self, now: Duration, attachment: Attachment) -> Result<(), StorageError> {
        let Attachment { resource, machines, done } = attachment;
        // The caller no longer waits, so it has no proxy and nothing was opened.
        if done.is_closed() {
            return Ok(());
        }
        let may_open = match self.initial {
            Some(_) => self.groups.may_open(&resource, &self.io)?,
            None => Err(AttachError::NotFormed),
        };
        if let Err(error) = may_open {
            let _ = done.send(Err(error));
            return Ok(());
        }
        assert_eq!(machines.len(), resource.groups.len(), "a state for each group");
        for (id, machine) in resource.groups.iter().zip(machines) {
            let slot = self.load_group(now, *id)?;
            self.output.jobs.work.push(self.groups.touch(slot).attach(resource.clone(), machine));
            let compared = self.groups.get_mut(slot).compare_records(&self.io).map(drop);
            self.stop_on_error(slot, compared)?;
        }
        let (groups, state) = (resource.groups.clone(), self.groups.record_state(&resource));
        self.resources.insert(now, resource, state, &mut self.io.peers);
        if done.send(Ok(())).is_err() {
            self.detach(&groups);
        }
        Ok(())
    }

    fn detach(&mut self, ids: &[GroupId]) {
        self.resources.remove(ids, &mut self.io.peers);
        for slot in ids.iter().filter_map(|id| self.groups.find(*id)).collect::<Vec<_>>() {
            let TurnOutput { replies, jobs, .. } = &mut self.output;
            jobs.work.push(self.groups.touch(slot).detach(&mut self.io, replies));
        }
    }

    /// Takes what another member has announced. Commands that are new to this resource may go on record now.
    fn take_announcement(&mut self, now: Duration, from: MemberId, announcement: Announcement) {
        for id in self.resources.take_announcement(now, from, announcement) {
            self.groups.touch(self.groups.find(*id).expect("an open resource has its groups"));
        }
    }

    /// Takes note of a record that was committed in a group. If this program contradicts it, all groups of the resource
    /// are halted.
    fn take_record(&mut self, slot: Slot, record: &NewRecord) {
        let Some(resource) = self.groups.get(slot).resource().cloned() else { return };
        self.resources.announce_again(&resource.name);
        for id in resource.groups.iter().filter(|_| record.conflict.is_some()) {
            let slot = self.groups.find(*id).expect("an open resource has its groups");
            self.groups.touch(slot).halt_in_conflict(&mut self.io, &mut self.output.replies);
        }
    }

    /// Ensures that the group exists, restored from the journal if that knows it. The cluster must be bootstrapped.
    fn load_group(&mut self, now: Duration, id: GroupId) -> Result<Slot, StorageError> {
        if let Some(slot) = self.groups.find(id) {
            return Ok(slot);
        }
        let initial = self.initial.clone().expect("a group lives in a cluster that was formed");
        let (newest, unread) = match self.io.shard_journal.last_time(id) {
            Err(error) if error.is_of_group() => (None, Err(error)),
            newest => (newest?, Ok(())),
        };
        let recovered = self.io.shard_journal.take_recovered(id).unwrap_or_default();
        let consensus = Consensus::new(id, &self.options, initial, recovered, newest, now);
        let slot = self.groups.insert(id, Group::new(id, consensus));
        self.stop_on_error(slot, unread).map(|()| slot)
    }

    fn release_durable(&mut self, now: Duration, durable: Position) -> Result<(), StorageError> {
        while let Some((group, token)) = self.io.shard_journal.next_durable(durable) {
            let Some(slot) = self.groups.find(group) else { continue };
            if self.groups.get_mut(slot).durable(token, &mut self.io) {
                self.with(group, |group, io| group.report_durable(now, io))?;
            }
        }
        Ok(())
    }

    /// Marks a group as ready, and calls `happens` with it unless it has stopped. Does nothing if the group does not
    /// exist here.
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

    /// Stops the group if the error concerns only that group. Returns every other error.
    fn stop_on_error(&mut self, slot: Slot, outcome: Result<(), StorageError>) -> Result<(), StorageError> {
        match outcome {
            Err(error) if error.is_of_group() => {
                self.groups.get_mut(slot).stop(&error, &mut self.io, &mut self.output.replies);
                Ok(())
            }
            other => other,
        }
    }

    /// Processes every ready group, once per turn.
    fn process_ready(&mut self, now: Duration) -> Result<(), StorageError> {
        while let Some(slot) = self.groups.next_ready() {
            let processed = self.process_group(now, slot);
            self.stop_on_error(slot, processed)?;
            self.groups.finish(now, slot, &self.io);
            self.wake_quiet(now)?;
        }
        Ok(())
    }

    fn process_group(&mut self, now: Duration, slot: Slot) -> Result<(), StorageError> {
        if self.groups.get(slot).is_stopped() {
            return Ok(());
        }
        // Before anything is dispatched: entries of another schema would be taken for something else.
        if let Some(record) = self.groups.get_mut(slot).compare_records(&self.io)? {
            self.take_record(slot, &record);
        }
        let (group, heard) = (self.groups.get_mut(slot), &self.resources.heard);
        group.process_ready(now, self.options.me, heard, &mut self.io, &mut self.output)
    }

    /// Sends the answers that the turn has collected.
    fn finish_turn(&mut self) {
        self.output.replies.flush();
        self.output.dispatch_left = self.options.bounds.dispatched_bytes;
    }

    /// Takes the next jobs of the journal, at most one of each kind. A job that was not taken yet comes first.
    fn begin_jobs(&mut self) {
        if self.output.jobs.flush.is_none() {
            self.output.jobs.flush = self.next_flush();
        }
        if self.output.jobs.preallocation.is_none() {
            self.output.jobs.preallocation = self.io.shard_journal.journal.next_preallocation();
        }
    }

    /// Returns the next write of the journal, together with all messages that may leave when it is durable.
    fn next_flush(&mut self) -> Option<FlushTask> {
        let write = self.io.shard_journal.journal.next_write()?;
        let mut messages = Vec::new();
        for (id, token) in self.io.shard_journal.tokens_within(write.end()) {
            if let Some(slot) = self.groups.find(id) {
                let group = self.groups.get_mut(slot);
                messages.extend(
                    group.take_held(token).map(|(to, message)| (to, wire::Message::plain(id, message))),
                );
                self.groups.await_flush(slot);
            }
        }
        Some(FlushTask::new(write, messages))
    }
}
