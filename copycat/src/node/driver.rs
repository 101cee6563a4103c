//! The loop that drives a shard with real time, sockets and disks.
//!
//! It waits for the first event, takes every other event that is ready, and runs one turn of the shard. Then it
//! distributes the jobs that the turn left: writes to the flusher, committed entries to the applier. The shard has
//! already passed the messages to the connections. Nothing here decides anything about consensus.

use super::address_book::AddressBook;
use super::alarm::Alarm;
use super::applier::Work;
use super::bootstrap::Bootstrap;
use super::clock::now;
use super::command::{Channels, Command};
use super::completions::{Completions, Done};
use super::links::{PeerLinks, origin};
use super::shard::{FlushTask, Input, Shard};
use super::streams::Streams;
use super::wire::{BootstrapRecord, Incoming};
use super::workers::Worker;
use crate::codec::configuration::Configuration;
use crate::codec::ids::MemberId;
use crate::storage::Preallocation;
use crate::transport::acceptor::Acceptor;
use crate::transport::event::{Event, Source};
use crate::transport::peer::Peer;
use crate::transport::sender::Sender;
use crate::transport::wire::{Outgoing, Priority};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Interval at which listeners are told what has changed, while there are any.
const TELL_INTERVAL: Duration = Duration::from_millis(20);
/// Interval at which a bootstrap that did not succeed is tried again.
const BOOTSTRAP_INTERVAL: Duration = Duration::from_millis(500);
/// The number of inputs from which on a turn takes no more bulk events and no more requests. Keeps the loop's reaction
/// to heartbeats short. It is no hard bound: control events are always taken, and one event may hold thousands of
/// inputs.
const TURN_MAX: usize = 4_096;
/// Most bytes of arguments that one turn takes from this process's proxies, exceeded by one request at most: callers
/// refill the queue while it is emptied. As much as a group proposes in one turn.
const TURN_BYTES: usize = 4 << 20;
/// Batches of received messages that may wait for a turn, per priority. While the queue is full, sockets are not read.
pub(super) const EVENTS_DEPTH: usize = 256;

/// A running node, on its own thread.
pub(super) struct Driver {
    pub(super) shard: Shard,
    pub(super) peers: BTreeMap<MemberId, Peer>,
    pub(super) addresses: AddressBook,
    pub(super) acceptor: Acceptor,
    pub(super) flusher: Worker<FlushTask>,
    pub(super) preallocator: Worker<Preallocation>,
    pub(super) applier: Worker<Vec<Work>>,
    pub(super) streams: Streams,
    /// The connections for flush tasks that run without the flusher.
    pub(super) links: PeerLinks,
    pub(super) channels: Channels,
    pub(super) completions: Arc<Completions>,
    pub(super) control: mpsc::Receiver<Event<Incoming>>,
    pub(super) bulk: mpsc::Receiver<Event<Incoming>>,
    pub(super) inputs: Vec<Input>,
    pub(super) alarm: Alarm,
    pub(super) next_tell: Duration,
    pub(super) next_bootstrap: Duration,
    /// The last field, so that the directory stays locked until every thread that writes to it has ended.
    pub(super) bootstrap: Bootstrap,
}

impl Driver {
    /// Runs until it is told to stop, its owner drops it, its disk fails, or one of its threads dies.
    pub(super) async fn run(mut self) {
        loop {
            match self.wait().await {
                Some(Command::Close) => return self.close().await,
                Some(Command::Abort) => return,
                Some(command) => self.handle_command(command),
                None => {}
            }
            self.gather();
            if self.turn().is_break() {
                return;
            }
        }
    }

    /// Waits for the first event. Returns a command; every other event becomes inputs, or is handled here.
    async fn wait(&mut self) -> Option<Command> {
        let waits = self.inputs.is_empty();
        tokio::select! {
            biased;
            // A closed channel means that the owner has dropped the node.
            command = self.channels.commands.recv() => return Some(command.unwrap_or(Command::Abort)),
            // The last turn has left inputs for the next one. The connections may run in between.
            () = tokio::task::yield_now(), if !waits => {}
            // The turn takes the completions, before all other inputs.
            () = self.completions.notified() => {}
            Some(event) = self.control.recv() => self.take_event(event),
            Some(event) = self.bulk.recv() => self.take_event(event),
            Some(request) = self.channels.requests.recv() => self.inputs.push(Input::Request(request)),
            Some(watch) = self.channels.watches.recv() => self.streams.watch(watch, &self.shard),
            () = self.alarm.rings() => {}
        }
        None
    }

    /// Takes all other events that are ready, so that one turn serves all of them.
    fn gather(&mut self) {
        while let Ok(event) = self.control.try_recv() {
            self.take_event(event);
        }
        while self.inputs.len() < TURN_MAX
            && let Ok(event) = self.bulk.try_recv()
        {
            self.take_event(event);
        }
        let mut bytes = 0;
        while self.inputs.len() < TURN_MAX
            && bytes < TURN_BYTES
            && let Some(request) = self.channels.requests.try_recv()
        {
            bytes += request.call.len();
            self.inputs.push(Input::Request(request));
        }
    }

    /// Runs one turn of the shard and distributes the jobs that it leaves. Breaks when the member must stop.
    fn turn(&mut self) -> ControlFlow<()> {
        let now = now();
        let done = self.completions.take().into_iter().map(Input::Done);
        self.shard.turn(now, done.chain(self.inputs.drain(..)));
        if now >= self.next_bootstrap {
            self.next_bootstrap = now + BOOTSTRAP_INTERVAL;
            let bootstrap_record = self.bootstrap.tick(now);
            self.activate(bootstrap_record);
        }
        if !self.streams.is_empty() && now >= self.next_tell {
            self.next_tell = now + TELL_INTERVAL;
            self.streams.tick(&self.shard);
        }
        let tell = if self.streams.is_empty() { Duration::MAX } else { self.next_tell };
        self.alarm.set(now, self.shard.deadline(now).min(self.next_bootstrap).min(tell));
        let out = self.shard.jobs();
        let work = std::mem::take(&mut out.work);
        let (flush, preallocation) = (out.flush.take(), out.preallocation.take());
        // The flush goes first: others wait for it, and a thread that is woken may take the processor of this one.
        match flush {
            Some(flush) if flush.is_instant() => {
                self.inputs.push(Input::Done(Done::Written(flush.run(&mut self.links))));
            }
            Some(flush) => self.flusher.hand_over(flush),
            None => {}
        }
        if !work.is_empty() {
            self.applier.hand_over(work);
        }
        if let Some(preallocation) = preallocation {
            self.preallocator.hand_over(preallocation);
        }
        self.completions.set_awaited(self.shard.awaits_flush());
        if let Some(thread) = self.completions.dead_worker() {
            tracing::error!(thread, "a thread of the node has died of a panic: this member stops");
            self.shard.stop();
            return ControlFlow::Break(());
        }
        if self.shard.failure().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn handle_command(&mut self, command: Command) {
        match command {
            Command::Attach(attachment) => self.inputs.push(Input::Attach(attachment)),
            Command::Detach(groups) => self.inputs.push(Input::Detach(groups)),
            Command::Status(reply) => drop(reply.send(self.shard.status())),
            Command::Formed(reply) => self.bootstrap.wait(reply),
            Command::Close | Command::Abort => unreachable!("the loop ends with these"),
        }
    }

    fn take_event(&mut self, event: Event<Incoming>) {
        match event {
            Event::Received { from, messages } => {
                messages.into_iter().for_each(|message| self.take_message(&from, message));
            }
            // Nothing else to do: the client sees the closed connection, and counts its open requests as unknown.
            Event::Gone { from: Source::Client { id, .. } } => self.streams.gone(id),
            Event::Gone { .. } => {}
            Event::Connected { peer, priority: Priority::Bulk, .. } => {
                self.inputs.push(Input::BulkConnected(peer))
            }
            Event::Disconnected { peer, priority: Priority::Bulk } => {
                self.inputs.push(Input::BulkDisconnected(peer))
            }
            Event::Connected { peer, priority: Priority::Control, identity } => {
                let bootstrap_record = self.bootstrap.connected(peer, &identity);
                self.activate(bootstrap_record);
            }
            Event::Disconnected { peer, priority: Priority::Control } => self.bootstrap.disconnected(peer),
            Event::Refused { peer, priority, refusal } => {
                tracing::debug!(%peer, ?priority, %refusal, "refused");
                self.bootstrap.refused(peer, refusal);
            }
        }
    }

    fn take_message(&mut self, from: &Source, message: Incoming) {
        match (from, message) {
            (Source::Member { id, .. }, Incoming::Raft { group, message, entries, .. }) => {
                self.inputs.push(Input::Raft { from: *id, group, message, entries });
            }
            (Source::Member { id, .. }, Incoming::Heartbeats(records)) => {
                self.inputs.extend(Input::of_heartbeats(*id, records));
            }
            (Source::Member { replies, .. } | Source::Client { replies, .. }, Incoming::Submit(submit)) => {
                self.inputs.push(Input::Submitted { origin: origin(replies.clone()), submit });
            }
            (Source::Server { id }, Incoming::Results(answers)) => {
                self.inputs.push(Input::Answered { from: *id, answers });
            }
            (Source::Client { replies, .. }, Incoming::FindLeaders(groups)) => {
                answer(replies, self.addresses.leaders(&self.shard, &groups));
            }
            (Source::Client { id, replies }, Incoming::Stream(message)) => {
                self.streams.take(*id, replies, message, &self.shard);
            }
            (Source::Client { replies, .. }, Incoming::Resolve(resolve)) => {
                answer(replies, self.addresses.resolve(&self.shard, &resolve));
            }
            (Source::Member { id, .. }, Incoming::Announcement(announcement)) => {
                self.inputs.push(Input::Announced { from: *id, announcement });
            }
            (Source::Member { id, .. }, Incoming::Bootstrap(bootstrap_record)) => {
                let bootstrap_record = self.bootstrap.shown(*id, &bootstrap_record);
                self.activate(bootstrap_record);
            }
            (from, _) => tracing::warn!(?from, "a message that is not for its sender to send"),
        }
    }

    /// Activates the groups, because the cluster is bootstrapped: those found in the journal, and those that are opened
    /// later.
    pub(super) fn activate(&mut self, bootstrap_record: Option<BootstrapRecord>) {
        if let Some(bootstrap_record) = bootstrap_record {
            let voters = bootstrap_record.members.iter().map(|(member, _)| *member);
            self.shard.bootstrap(now(), Configuration::of_voters(voters));
        }
    }

    /// Stops in order. Proposals that were not acknowledged stay unknown to their callers. Everything that was appended
    /// to the journal is flushed, and the end of the log is recorded.
    async fn close(mut self) {
        // The journal's first batch waits since the journal was opened: before the first turn no thread has taken it.
        if self.turn().is_break() {
            return;
        }
        self.shard.stop();
        while !self.shard.journal_mut().is_idle() {
            // A write that needed no thread is already among the inputs.
            if self.inputs.is_empty() {
                self.completions.set_awaited(true);
                self.completions.notified().await;
            }
            if self.turn().is_break() {
                return;
            }
        }
        if let Some(write) = self.shard.journal_mut().next_closing_write() {
            self.flusher.hand_over(FlushTask::without_messages(write));
            self.completions.set_awaited(true);
            while self.completions.dead_worker().is_none()
                && !self.completions.take().iter().any(|done| matches!(done, Done::Written(_)))
            {
                self.completions.notified().await;
            }
        }
        let mut closing = JoinSet::new();
        for peer in std::mem::take(&mut self.peers).into_values() {
            closing.spawn(peer.close());
        }
        closing.join_all().await;
        self.acceptor.close().await;
    }
}

/// Answers a remote handle. If its queue is full the answer is lost, and the remote handle asks again.
fn answer(replies: &Sender, message: impl Outgoing) {
    if let Err(unsent) = replies.send(message) {
        tracing::debug!(%unsent, "an answer to a remote handle is lost");
    }
}
