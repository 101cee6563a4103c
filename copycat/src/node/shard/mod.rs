//! One loop that owns many groups: everything between the consensus cores and the outside.
//!
//! A shard takes whatever has arrived (requests, messages, finished writes, the passing of time), lets
//! each concerned group's core decide, and carries the decisions out: it encodes entries, appends them
//! to the journal, hands messages to the links and committed entries to the applier. It is a plain
//! synchronous value. It owns no thread, reads no clock and never waits: [`driver`](super::driver)
//! drives it with real sockets and disks, the simulation with virtual ones.
//!
//! The path of a write reads top down: [`Shard::turn`] → [`group`] → [`proposing`] (or [`forwarding`])
//! → [`effects`] → [`handover`].

mod effects;
mod forwarding;
mod ground;
mod group;
mod handover;
mod lines;
mod marks;
mod proposing;
mod queue;
mod reading;
mod saving;
#[cfg(test)]
mod tests;
mod waiting;

pub(crate) use ground::{Links, Outbox};
pub(crate) use group::{Attachment, GroupStatus, ShardStatus};
pub(crate) use saving::Save;

use self::ground::Ground;
use self::group::{Group, Pending};
use super::workers::Done;
use crate::codec::configuration::Configuration;
use crate::codec::entries::Entries;
use crate::codec::ids::{GroupId, MemberId, Term};
use crate::raft;
use crate::request::failure::Failure;
use crate::request::reply::{Origin, ReplyTo};
use crate::request::sender::Request;
use crate::request::wire::results::Answered;
use crate::request::wire::submit::{Submit, Submitted};
use crate::storage::{Journal, Position, Recovered, StorageError};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

/// What a shard is told when it is made.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// This member.
    pub me: MemberId,
    /// Timeouts and windows of every group's core.
    pub raft: raft::options::Options,
    /// The longest election timeout under which earlier processes of this member may have promised a leader not to
    /// vote.
    pub promised: Duration,
    /// How long a request may take before its caller is told.
    pub request_timeout: Duration,
    /// Most requests of one group that may wait for a leader or for their entry to be committed.
    pub requests_max: usize,
}

/// Something that has happened.
#[derive(Debug)]
pub(crate) enum Input {
    /// A proxy in this process asks.
    Request(Request),
    /// Requests came over a connection.
    Submitted {
        /// Where the answers go.
        origin: Origin,
        /// The requests.
        submit: Submit,
    },
    /// Answers to requests this shard had forwarded.
    Answered {
        /// Who answers.
        from: MemberId,
        /// The answers.
        answers: Vec<Answered>,
    },
    /// A message from another member's core, and the entries that came with it.
    Raft {
        /// Sender.
        from: MemberId,
        /// The group.
        group: GroupId,
        /// The message; its spans describe `entries`.
        message: raft::message::Message,
        /// The entries that came with it.
        entries: Entries,
    },
    /// Requests can be sent to a member.
    Connected(MemberId),
    /// The connection to a member broke: what was under way to it is lost, and answers to it, too.
    Disconnected(MemberId),
    /// A worker is done.
    Done(Done),
    /// A group's code is here.
    Attach(Attachment),
    /// The code of these groups, which was attached, is nobody's.
    Detach(Vec<GroupId>),
}

/// The shard.
#[derive(Debug)]
pub(crate) struct Shard {
    options: Options,
    groups: BTreeMap<GroupId, Group>,
    /// The resources that are open here, and their partitions' groups.
    resources: BTreeMap<String, Vec<GroupId>>,
    ground: Ground,
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
        let ground = Ground::new(options.me, journal, recovered, links);
        Shard {
            options,
            groups: BTreeMap::new(),
            resources: BTreeMap::new(),
            ground,
            founders: None,
            failure: None,
        }
    }

    /// The cluster is formed, now or long ago: the groups found in the journal take part from here on.
    pub(crate) fn found(&mut self, now: Duration, founders: Configuration) {
        assert!(self.founders.is_none(), "a cluster is formed once");
        self.founders = Some(founders);
        for group in self.ground.recovered_groups() {
            if let Err(error) = self.group_or_new(now, group) {
                return self.fail(error);
            }
        }
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
        self.ground.finish_turn();
        if self.failure.is_none() {
            self.begin_jobs();
        }
    }

    /// Asks the journal what is to be done for it. It has one job of each kind under way at most; what was left in the
    /// outbox is still to be taken.
    fn begin_jobs(&mut self) {
        if self.ground.out.save.is_none() {
            self.ground.out.save = self.next_save();
        }
        if self.ground.out.preparation.is_none() {
            self.ground.out.preparation = self.ground.journal.next_preparation();
        }
    }

    /// Lets time pass: elections, heartbeats, deadlines. To be called every few milliseconds.
    pub(crate) fn tick(&mut self, now: Duration) {
        if self.failure.is_some() {
            return;
        }
        let mut ticked = Ok(());
        for group in self.groups.values_mut() {
            ticked = ticked.and_then(|()| group.tick(now, &mut self.ground));
        }
        if let Err(error) = ticked {
            return self.fail(error);
        }
        self.ground.expire_forwarded(now);
        self.ground.retry_preparation(now);
        self.turn(now, []);
    }

    /// What turns have left to be done by others. Whoever takes it does it.
    pub(crate) fn outbox(&mut self) -> &mut Outbox {
        &mut self.ground.out
    }

    /// Why the shard has stopped for good, if it has. Nothing that was not durable will be acknowledged.
    pub(crate) fn failure(&self) -> Option<&StorageError> {
        self.failure.as_ref()
    }

    /// The journal, to close it in order.
    pub(crate) fn journal_mut(&mut self) -> &mut Journal {
        &mut self.ground.journal
    }

    /// Every group's role, term and progress, and what the journal made durable.
    pub(crate) fn status(&self) -> ShardStatus {
        let groups = self.groups.values().map(Group::status).collect();
        let forwarded = self.ground.forwarded_total;
        ShardStatus { groups, flushed: self.ground.journal.flushed(), forwarded }
    }

    /// The leader of a group's current term, and the term, as far as its core knows.
    pub(crate) fn leader(&self, group: GroupId) -> Option<(Term, MemberId)> {
        self.groups.get(&group)?.leader()
    }

    /// One group's role, term and progress, if it is known here.
    pub(crate) fn group_status(&self, group: GroupId) -> Option<GroupStatus> {
        self.groups.get(&group).map(Group::status)
    }

    /// The groups of a resource's partitions, in their order, if it is open here.
    pub(crate) fn resource(&self, name: &str) -> Option<&[GroupId]> {
        self.resources.get(name).map(Vec::as_slice)
    }

    /// Ends every request that is still open: the node is stopping.
    pub(crate) fn stop(&mut self) {
        for group in self.groups.values_mut() {
            group.abandon(Failure::Stopped, &mut self.ground);
        }
        self.ground.abandon_forwarded(Failure::Stopped);
        self.ground.finish_turn();
    }

    fn take(&mut self, now: Duration, input: Input) -> Result<(), StorageError> {
        let deadline = now + self.options.request_timeout;
        match input {
            Input::Request(Request { group, call, reply }) => {
                self.enqueue(group, Pending { term: 0, call, reply: ReplyTo::Proxy(reply), deadline });
            }
            Input::Submitted { origin, submit } => self.take_submitted(now, &origin, submit),
            Input::Answered { from, answers } => self.ground.take_answers(from, answers),
            Input::Raft { from, group, message, entries } => {
                if let Some(group) = self.groups.get_mut(&group) {
                    return group.receive(now, from, message, &entries, &mut self.ground);
                }
            }
            Input::Connected(peer) => self.ground.opened(peer),
            Input::Disconnected(peer) => {
                self.ground.closed(peer);
                for group in self.groups.values_mut() {
                    group.core.disconnected(peer);
                }
            }
            Input::Done(Done::Written(written)) => {
                let durable = self.ground.journal.written(written)?;
                self.release_durable(now, durable)?;
            }
            Input::Done(Done::Prepared(prepared)) => self.ground.journal.prepared(prepared),
            Input::Attach(attachment) => self.attach(now, attachment)?,
            Input::Detach(groups) => self.detach(&groups),
        }
        Ok(())
    }

    fn enqueue(&mut self, group: GroupId, pending: Pending) {
        match self.groups.get_mut(&group).filter(|group| group.is_attached()) {
            None => self.ground.replies.fail(pending.reply, Failure::UnknownResource),
            Some(group) => group.enqueue(pending, self.options.requests_max, &mut self.ground),
        }
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
                self.ground.replies.fail(reply, Failure::NotLeader);
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
        for (id, machine) in groups {
            let Some(group) = self.group_or_new(now, id)? else {
                let _ = done.send(Err(Failure::NoLeader));
                return Ok(());
            };
            let work = group.attach(checker.clone(), machine);
            self.ground.out.work.push(work);
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
        self.ground.out.work.extend(attached);
    }

    /// The group, made from what the journal knows of it if it is not alive yet. `None` before the
    /// cluster is formed.
    fn group_or_new(&mut self, now: Duration, id: GroupId) -> Result<Option<&mut Group>, StorageError> {
        let Some(founders) = &self.founders else { return Ok(None) };
        Ok(Some(match self.groups.entry(id) {
            Entry::Occupied(alive) => alive.into_mut(),
            Entry::Vacant(place) => {
                let newest = self.ground.newest_stamp(id)?;
                let recovered = self.ground.take_recovered(id);
                place.insert(Group::new(id, &self.options, founders.clone(), recovered, newest, now))
            }
        }))
    }

    fn release_durable(&mut self, now: Duration, durable: Position) -> Result<(), StorageError> {
        while let Some((group, token)) = self.ground.next_durable(durable) {
            if let Some(group) = self.groups.get_mut(&group) {
                group.durable(now, token, &mut self.ground)?;
            }
        }
        Ok(())
    }

    fn settle(&mut self, now: Duration) -> Result<(), StorageError> {
        for group in self.groups.values_mut() {
            group.settle(now, &mut self.ground)?;
        }
        Ok(())
    }

    fn fail(&mut self, error: StorageError) {
        tracing::error!(%error, "the journal failed: this member stops");
        self.failure = Some(error);
        self.stop();
    }
}
