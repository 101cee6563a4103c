//! The client side of a remote handle: connections to members, and the requests in flight on them.
//!
//! A remote handle is a client process that is no member. It is connected to some member, its *default member*,
//! and also to the leaders of the groups that it uses, as far as it can reach them. Requests of a group go to
//! its leader if there is a connection, and otherwise to the default member, which forwards them. The handle
//! asks periodically who leads. The answer is a hint: a wrong one leads to a member that forwards the request
//! or refuses it.
//!
//! Requests wait while there is no connection. A request that was sent is never sent again: if the connection
//! breaks before its answer, its outcome is unknown. Requests of one group stay in the order in which they were
//! submitted, except eventual reads that need no order.
//!
//! Begin with [`event_loop`], then [`requests`] and [`routes`], which decide what is sent where and touch no
//! connection. [`resolving`] holds the names that are asked about, [`watching`] the listeners, [`calls`] the
//! requests in flight, [`connections`] the connections, and [`dialing`] the attempts to connect.

mod calls;
mod connections;
mod dialing;
mod event_loop;
mod queue;
mod requests;
mod resolving;
mod routes;
#[cfg(test)]
mod tests;
mod watching;
pub(crate) mod wire;

use self::dialing::Dialing;
use self::event_loop::{Channels, Command, EventLoop};
pub(crate) use self::resolving::{ResolveError, Resource};
use crate::codec::ids::MemberId;
use crate::request::sender::RequestSender;
use crate::request::status::StatusSender;
use crate::threads;
use crate::transport::client::ClientError;
use crate::transport::network::Transport;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

/// Most requests that may wait for the loop.
const DEPTH: usize = 4_096;

/// Most commands, and most new listeners, that may wait for the loop.
const COMMANDS_MAX: usize = 64;

/// The settings of a remote handle, already checked.
#[derive(Clone)]
pub(crate) struct Options {
    /// The members and the addresses at which this process reaches them; at least one.
    pub members: Vec<(MemberId, String)>,
    /// The network that carries the messages.
    pub network: Arc<dyn Transport>,
    /// The longest time that a request may take before it fails.
    pub request_timeout: Duration,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("members", &self.members).finish_non_exhaustive()
    }
}

/// The reason why a remote handle was not created. No request was sent.
#[derive(Debug, Error)]
pub(crate) enum RemoteError {
    /// No member accepted the connection.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The thread of the handle could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
}

/// The client of a cluster: the owner of the thread that has the connections. Dropping it closes them and waits for the
/// thread.
#[derive(Debug)]
pub(crate) struct RemoteClient {
    sender: RequestSender,
    commands: mpsc::Sender<Command>,
    listening: StatusSender,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl RemoteClient {
    /// Connects to the first member that answers.
    pub(crate) async fn connect(options: Options) -> Result<RemoteClient, RemoteError> {
        let (sender, requests) = RequestSender::new(DEPTH);
        let (commands, inlet) = mpsc::channel(COMMANDS_MAX);
        let (listening, watches) = StatusSender::new(COMMANDS_MAX);
        let channels = Channels { requests, commands: inlet, watches };
        let (stop, stopped) = oneshot::channel();
        let (started, outcome) = oneshot::channel();
        let thread =
            threads::spawn("copycat-remote".into(), move || run(options, channels, started, stopped))
                .map_err(RemoteError::Thread)?;
        let client = RemoteClient { sender, commands, listening, stop: Some(stop), thread: Some(thread) };
        match outcome.await {
            Ok(outcome) => outcome.map(|()| client),
            Err(_) => Err(RemoteError::Thread(io::Error::other("it ended at once"))),
        }
    }

    /// Returns the groups of a resource's partitions, and the schema of its commands, from a member that has opened
    /// it. Asks again until a member has, for the time of a request at most.
    pub(crate) async fn resolve(&self, name: &str) -> Result<Resource, ResolveError> {
        let (reply, answer) = oneshot::channel();
        let command = Command::Resolve { name: name.to_owned(), reply };
        self.commands.send(command).await.map_err(|_| ResolveError::Closed)?;
        answer.await.unwrap_or(Err(ResolveError::Closed))
    }

    /// Returns the sender by which listeners subscribe to the status of a resource.
    pub(crate) fn status_sender(&self) -> StatusSender {
        self.listening.clone()
    }

    /// Returns the sender for requests to any group.
    pub(crate) fn request_sender(&self) -> RequestSender {
        self.sender.clone()
    }
}

impl Drop for RemoteClient {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn run(
    options: Options,
    channels: Channels,
    started: oneshot::Sender<Result<(), RemoteError>>,
    stopped: oneshot::Receiver<()>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(started.send(Err(RemoteError::Thread(error)))),
    };
    runtime.block_on(async {
        let request_timeout = options.request_timeout;
        let mut dialing = Dialing::new(options);
        match dialing.first().await {
            Err(error) => drop(started.send(Err(error.into()))),
            Ok(first) => {
                if started.send(Ok(())).is_ok() {
                    let event_loop = EventLoop::new(dialing, first, channels, request_timeout);
                    // The loop is a task like the connections: as the root future it would be polled once more
                    // per wake-up.
                    drop(tokio::spawn(event_loop.run(stopped)).await);
                }
            }
        }
    });
}
