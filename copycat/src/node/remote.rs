//! The far end of a remote handle: one connection to some member, and the requests that are under way on it.
//!
//! Requests wait while there is no connection. Once one has been sent it is never sent again: if the
//! connection breaks before its answer, its outcome is unknown.

use super::failure::Failure;
use super::request::{Answer, Entrance, Request};
use super::threads;
use crate::transport::client::{Client, ClientError};
use crate::transport::endpoint::Event;
use crate::transport::limits::Limits;
use crate::transport::seam::Transport;
use crate::transport::wire::{Message, Submit, Submitted};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

/// Requests in line at the entrance.
const DEPTH: usize = 4_096;
/// Requests under way, at most; behind them callers wait in line.
const UNDER_WAY_MAX: usize = 65_536;
/// How often deadlines are looked at.
const TICK: Duration = Duration::from_millis(10);
/// Pause between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(50);

/// What a remote handle is made with, already checked.
#[derive(Clone)]
pub(crate) struct Options {
    /// Where members may be; at least one.
    pub addresses: Vec<String>,
    /// What carries the messages.
    pub network: Arc<dyn Transport>,
    /// How long a request may take before its caller is told.
    pub request_timeout: Duration,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

/// Why a remote handle was not made. Nothing was sent.
#[derive(Debug, Error)]
pub(crate) enum RemoteError {
    /// No member let it in.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Its thread could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
}

/// The thread that owns the connection. Dropping it cuts the connection.
#[derive(Debug)]
pub(crate) struct RemoteNode {
    entrance: Entrance,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl RemoteNode {
    /// Connects to the first member that answers.
    pub(crate) async fn connect(options: Options) -> Result<RemoteNode, RemoteError> {
        let (entrance, requests) = Entrance::new(DEPTH);
        let (stop, stopped) = oneshot::channel();
        let (started, outcome) = oneshot::channel();
        let thread =
            threads::spawn("copycat-remote".into(), move || run(options, requests, started, stopped))
                .map_err(RemoteError::Thread)?;
        let node = RemoteNode { entrance, stop: Some(stop), thread: Some(thread) };
        match outcome.await {
            Ok(outcome) => outcome.map(|()| node),
            Err(_) => Err(RemoteError::Thread(io::Error::other("it ended at once"))),
        }
    }

    /// The way in for requests to any group.
    pub(crate) fn entrance(&self) -> Entrance {
        self.entrance.clone()
    }
}

impl Drop for RemoteNode {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn run(
    options: Options,
    requests: mpsc::Receiver<Request>,
    started: oneshot::Sender<Result<(), RemoteError>>,
    stopped: oneshot::Receiver<()>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(started.send(Err(RemoteError::Thread(error)))),
    };
    runtime.block_on(async {
        match connect(&options, 0).await {
            Err(error) => drop(started.send(Err(error.into()))),
            Ok(client) => {
                if started.send(Ok(())).is_ok() {
                    let mut road = Road::new(options, requests, client);
                    tokio::select! {
                        () = road.run() => {}
                        _ = stopped => {}
                    }
                    if let Some(connection) = road.connection {
                        connection.close().await;
                    }
                }
            }
        }
    });
}

async fn connect(options: &Options, cluster: u128) -> Result<Client, ClientError> {
    let mut addresses = options.addresses.clone();
    fastrand::shuffle(&mut addresses);
    Client::connect(&*options.network, &addresses, cluster, &Limits::default()).await
}

/// A request that was sent.
#[derive(Debug)]
struct UnderWay {
    deadline: Instant,
    reply: oneshot::Sender<Answer>,
}

struct Road {
    options: Options,
    requests: mpsc::Receiver<Request>,
    connection: Option<Client>,
    /// The cluster of the first connection: no other is ever talked to.
    cluster: u128,
    /// Not sent yet.
    waiting: VecDeque<(Instant, Request)>,
    under_way: BTreeMap<u64, UnderWay>,
    /// The member could not do what it was asked, and perhaps another can: to be left when nothing is under way.
    leaving: bool,
    next_id: u64,
}

impl Road {
    fn new(options: Options, requests: mpsc::Receiver<Request>, client: Client) -> Road {
        let cluster = client.identity.cluster();
        let (waiting, under_way) = (VecDeque::new(), BTreeMap::new());
        Road {
            options,
            requests,
            connection: Some(client),
            cluster,
            waiting,
            under_way,
            leaving: false,
            next_id: 1,
        }
    }

    /// Runs until the last proxy and the handle are gone.
    async fn run(&mut self) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut attempt = None;
        loop {
            if self.connection.is_none() && attempt.is_none() {
                attempt = Some(Box::pin(reconnect(self.options.clone(), self.cluster)));
            }
            let room = self.waiting.len() + self.under_way.len() < UNDER_WAY_MAX;
            tokio::select! {
                biased;
                event = next_event(&mut self.connection) => self.take_event(event),
                client = next_attempt(&mut attempt) => {
                    attempt = None;
                    self.cluster = client.identity.cluster();
                    self.connection = Some(client);
                }
                request = self.requests.recv(), if room => match request {
                    Some(request) => self.take_request(request),
                    None => return,
                },
                _ = ticks.tick() => self.expire(),
            }
            if self.leaving && self.under_way.is_empty() {
                (self.connection, self.leaving) = (None, false);
            }
            while self.waiting.len() + self.under_way.len() < UNDER_WAY_MAX
                && let Ok(request) = self.requests.try_recv()
            {
                self.take_request(request);
            }
            self.send();
        }
    }

    fn take_request(&mut self, request: Request) {
        self.waiting.push_back((Instant::now() + self.options.request_timeout, request));
    }

    fn take_event(&mut self, event: Option<Event>) {
        match event {
            Some(Event::Received { messages, .. }) => {
                messages.into_iter().for_each(|message| self.take_message(message))
            }
            Some(Event::Gone { .. }) | None => {
                self.connection = None;
                for (_, lost) in std::mem::take(&mut self.under_way) {
                    let _ = lost.reply.send(Err(Failure::Disconnected));
                }
            }
            Some(_) => {}
        }
    }

    fn take_message(&mut self, message: Message) {
        let Message::Results(answers) = message else { return };
        for answered in answers {
            if let Some(under_way) = self.under_way.remove(&answered.id) {
                let answer = answered.result.map_err(Failure::received);
                self.leaving |= answer.as_ref().is_err_and(|failure| may_be_better_elsewhere(*failure));
                let _ = under_way.reply.send(answer);
            }
        }
    }

    /// Sends what waits, one message for consecutive requests of one group.
    fn send(&mut self) {
        while let Some(connection) = &self.connection
            && let Some((_, first)) = self.waiting.front()
        {
            let group = first.group;
            let mut submit = Submit { group, term: 0, requests: Vec::new() };
            while let Some((deadline, request)) =
                self.waiting.pop_front_if(|(_, request)| request.group == group)
            {
                let Request { access, method, key_len, body, reply, .. } = request;
                let id = self.next_id;
                self.next_id += 1;
                self.under_way.insert(id, UnderWay { deadline, reply });
                submit.requests.push(Submitted { id, access, method, key_len, body: body.into() });
            }
            let ids: Vec<u64> = submit.requests.iter().map(|request| request.id).collect();
            if connection.sender.send(Message::Submit(submit)).is_err() {
                for id in ids {
                    if let Some(unsent) = self.under_way.remove(&id) {
                        let _ = unsent.reply.send(Err(Failure::Busy));
                    }
                }
            }
        }
    }

    /// Ends the wait of those whose time is up. Both queues are in the order of arrival.
    fn expire(&mut self) {
        let now = Instant::now();
        while let Some((_, request)) = self.waiting.pop_front_if(|(deadline, _)| *deadline <= now) {
            let _ = request.reply.send(Err(Failure::NoLeader));
        }
        while let Some(oldest) = self.under_way.first_entry()
            && oldest.get().deadline <= now
        {
            let _ = oldest.remove().reply.send(Err(Failure::Timeout));
            self.leaving = true;
        }
    }
}

/// Whether another member may be able to do what this one could not.
fn may_be_better_elsewhere(failure: Failure) -> bool {
    matches!(failure, Failure::NoLeader | Failure::UnknownResource | Failure::Stopped | Failure::Halted)
}

/// The connection's next event; never, while there is none.
async fn next_event(connection: &mut Option<Client>) -> Option<Event> {
    match connection {
        Some(client) => client.events.recv().await,
        None => std::future::pending().await,
    }
}

async fn next_attempt<F: Future<Output = Client> + Unpin>(attempt: &mut Option<F>) -> Client {
    match attempt {
        Some(attempt) => attempt.await,
        None => std::future::pending().await,
    }
}

/// Tries until some member answers.
async fn reconnect(options: Options, cluster: u128) -> Client {
    loop {
        match connect(&options, cluster).await {
            Ok(client) => return client,
            Err(error) => tracing::debug!(%error, "no member answers yet"),
        }
        sleep(PAUSE).await;
    }
}
