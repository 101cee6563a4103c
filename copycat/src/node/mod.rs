//! The runtime of a member, where the pure cores meet I/O: one node per member.
//!
//! A node has one loop ([`driver`]) that owns a [`shard`], two threads that may block on the disk ([`workers`]), and
//! one thread that runs the user's state machines ([`applier`]). The loop never waits for these threads. Nothing here
//! knows the name or the meaning of a method: that belongs to `resource`. Nothing here decides an election: that
//! belongs to `raft`.
//!
//! Begin with [`Node`], then read [`shard`], where the path of a write can be followed from top to bottom.

mod address_book;
mod admission;
mod alarm;
pub(crate) mod applier;
mod bootstrap;
mod bootstrap_state;
mod clock;
mod command;
pub(crate) mod completions;
mod data_directory;
mod driver;
pub(crate) mod identity;
mod links;
pub(crate) mod machine;
mod opening;
pub(crate) mod options;
pub(crate) mod shard;
mod stored_log;
mod streams;
#[cfg(test)]
mod tests;
pub(crate) mod wire;
pub(crate) mod workers;

pub(crate) use bootstrap_state::JoinError;
pub(crate) use identity::IdentityError;
pub(crate) use opening::StartError;
pub(crate) use options::{ELECTION_TIMEOUT_MAX, Options, Storage};
pub(crate) use shard::{AttachError, GroupStatus, OpenResource, ShardStatus};
pub(crate) use stored_log::StoredLog;

use self::command::{Channels, Command, REQUESTS_DEPTH, WATCHES_DEPTH};
use self::driver::Driver;
use self::machine::Machine;
use self::shard::Attachment;
use crate::codec::ids::GroupId;
use crate::request::error::RequestError;
use crate::request::sender::RequestSender;
use crate::request::status::StatusSender;
use crate::threads;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot, watch};

/// The subdirectory of a data directory that contains the journal.
const JOURNAL_DIRECTORY: &str = "journal";

/// A running member. Dropping it stops the member at once, as a crash would, and waits for its threads.
#[derive(Debug)]
pub(crate) struct Node {
    commands: mpsc::UnboundedSender<Command>,
    sender: RequestSender,
    listening: StatusSender,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Closed when the node's loop and all its threads have ended.
    ended: watch::Receiver<()>,
}

impl Node {
    /// Starts a member: opens its data directory, recovers its log, and listens on its address.
    ///
    /// Needs no runtime: the future may be polled on any thread and executor.
    pub(crate) async fn start(options: Options) -> Result<Node, StartError> {
        let (commands, inlet) = mpsc::unbounded_channel();
        let (sender, requests) = RequestSender::new(REQUESTS_DEPTH);
        let (listening, watches) = StatusSender::new(WATCHES_DEPTH);
        let (started, outcome) = oneshot::channel();
        let channels = Channels { commands: inlet, requests, watches };
        let (ending, ended) = watch::channel(());
        let name = format!("copycat-node-{}", options.me);
        let thread = threads::spawn(name, move || {
            run(&options, channels, started);
            drop(ending);
        })
        .map_err(StartError::Thread)?;
        let node = Node { commands, sender, listening, thread: Mutex::new(Some(thread)), ended };
        match outcome.await {
            Ok(Ok(())) => Ok(node),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(StartError::Thread(std::io::Error::other("the node's thread ended"))),
        }
    }

    /// Returns a sender for requests to any group of the node.
    pub(crate) fn request_sender(&self) -> RequestSender {
        self.sender.clone()
    }

    /// Returns a sender for subscriptions to the status of resources.
    pub(crate) fn status_sender(&self) -> StatusSender {
        self.listening.clone()
    }

    /// Waits until the cluster is bootstrapped, or until this member knows why it cannot join.
    pub(crate) async fn formed(&self) -> Result<Result<(), JoinError>, RequestError> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::Formed(reply))?;
        answer.await.map_err(|_| RequestError::Stopped)
    }

    /// Attaches the state machines of all groups of a resource, or none of them. The cluster must be bootstrapped.
    ///
    /// If the future is dropped before it completes, the state machines are detached again, because no proxy exists.
    pub(crate) async fn attach(
        &self,
        resource: OpenResource,
        machines: Vec<Box<dyn Machine>>,
    ) -> Result<(), AttachError> {
        let (done, answer) = oneshot::channel();
        let groups = resource.groups.clone();
        let attachment = Attachment { resource: Arc::new(resource), machines, done };
        self.command(Command::Attach(attachment)).map_err(|_| AttachError::Stopped)?;
        let mut attaching = Attaching { node: self, groups, answer };
        (&mut attaching.answer).await.unwrap_or(Err(AttachError::Stopped))
    }

    /// Returns the status of the node's groups and journal.
    pub(crate) async fn status(&self) -> Result<ShardStatus, RequestError> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::Status(reply))?;
        answer.await.map_err(|_| RequestError::Stopped)
    }

    /// Stops the member in order, and waits until every thread has ended. Returns at once if the node has already
    /// stopped.
    pub(crate) async fn close(&self) {
        // A node that failed has ended by itself.
        drop(self.commands.send(Command::Close));
        let mut ended = self.ended.clone();
        while ended.changed().await.is_ok() {}
        self.join();
    }

    fn command(&self, command: Command) -> Result<(), RequestError> {
        self.commands.send(command).map_err(|_| RequestError::Stopped)
    }

    fn join(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            drop(thread.join());
        }
    }
}

/// A resource that is being opened.
struct Attaching<'a> {
    node: &'a Node,
    groups: Vec<GroupId>,
    answer: oneshot::Receiver<Result<(), AttachError>>,
}

impl Drop for Attaching<'_> {
    /// Detaches the groups if the answer arrived and was not taken: the loop cannot know that. If the answer has not
    /// arrived, the loop notices that its receiver is gone.
    fn drop(&mut self) {
        self.answer.close();
        if let Ok(Ok(())) = self.answer.try_recv() {
            // A node that has stopped has no state machines.
            let _stopped = self.node.command(Command::Detach(std::mem::take(&mut self.groups)));
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.commands.send(Command::Abort));
        self.join();
    }
}

fn run(options: &Options, channels: Channels, started: oneshot::Sender<Result<(), StartError>>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(started.send(Err(StartError::Thread(error)))),
    };
    runtime.block_on(async {
        match Driver::open(options, channels).await {
            Err(error) => drop(started.send(Err(error))),
            Ok(driver) => {
                if started.send(Ok(())).is_ok() {
                    // Spawned as a task, like the connections: the root future would be polled once more per wake-up.
                    drop(tokio::spawn(driver.run()).await);
                }
            }
        }
    });
}
