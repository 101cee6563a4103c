//! The server: a member of the cluster, and the connections of its clients.
//!
//! It decides nothing about keys: it sends commands to the store, and answers back to clients. Begin with [`serve`],
//! then read `connection.rs`, the life of one client, and `pipeline.rs`, the order of its answers.

mod backlog;
mod clients;
mod connection;
mod execute;
mod info;
mod memory;
mod order;
mod parameters;
mod pipeline;
mod process;
mod report;
mod session;
mod values;

use crate::arguments::{Arguments, Settings};
use crate::limits::{AHEAD_MAX, ANSWERS_MAX, CONNECTIONS_MAX, DESCRIPTORS_RESERVED, MEMORY_MAX};
use crate::protocol::answer;
use crate::store::{AsyncStore, Table};
use bytes::BytesMut;
use clients::Clients;
use connection::Connection;
use copycat::{Cluster, Copycat, Error, Storage};
use memory::Memory;
use rustix::net::sockopt::{set_socket_keepalive, set_tcp_keepcnt, set_tcp_keepidle, set_tcp_keepintvl};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// The version of Redis that has these commands and answers, for clients that ask.
pub(crate) const REDIS_VERSION: &str = "7.0.15";

/// The name of the replicated state.
pub(crate) const RESOURCE: &str = "redis";

/// Longest time that commands in flight may take when the server is told to end.
const FAREWELL: Duration = Duration::from_secs(5);
/// Pause when no connection can be accepted, because descriptors or memory are exhausted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Pause between two warnings of an attack, in seconds, as in Redis.
const WARNING_PAUSE_S: u64 = 60;
/// Number of probes without an answer after which a silent client is gone, as in Redis.
const PROBES: u32 = 3;

/// The reason why the server did not start, or ended.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The member failed, or could not start.
    Member(Error),
    /// A system resource failed. Holds its purpose and the error.
    System(&'static str, std::io::Error),
    /// The address for clients cannot be bound.
    Listen(SocketAddr, std::io::Error),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Member(error) => write!(f, "error {}: {error}", error.code()),
            Fault::System(what, error) => write!(f, "{what}: {error}"),
            Fault::Listen(address, error) => {
                write!(f, "cannot listen on {address}: {error}; choose a free address of this machine")
            }
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        Fault::Member(error)
    }
}

/// The state that all connections share.
pub(crate) struct Server {
    copycat: Copycat,
    store: AsyncStore,
    clients: Arc<Clients>,
    /// The memory of all connections.
    memory: Memory,
    /// The part of it that holds requests which are read ahead.
    ahead: Memory,
    /// The expected answers that all connections wait for.
    answers: Memory,
    commands: AtomicU64,
    connections_max: usize,
    settings: Settings,
    since: Instant,
    /// Forty hexadecimal digits that differ from those of every other run.
    run_id: String,
    /// Seconds since the start until which a warning of an attack is not repeated.
    warned_until_s: AtomicU64,
}

impl Server {
    fn count_command(&self) {
        self.commands.fetch_add(1, Ordering::Relaxed);
    }

    fn commands(&self) -> u64 {
        self.commands.load(Ordering::Relaxed)
    }

    /// Prints a warning that a browser was made to attack the server, at most once a minute.
    fn warn_of_attack(&self, client: SocketAddr) {
        let now_s = self.since.elapsed().as_secs();
        if now_s >= self.warned_until_s.load(Ordering::Relaxed) {
            self.warned_until_s.store(now_s + WARNING_PAUSE_S, Ordering::Relaxed);
            eprintln!(
                "copycat-redis: possible SECURITY ATTACK: {client} sends POST or Host:, which are HTTP. Somebody may \
                 attempt to send commands through a browser. The connection is closed"
            );
        }
    }
}

/// Runs a member and serves its clients until a signal ends it.
///
/// # Errors
///
/// The reason why it could not start. No client was served then.
pub(crate) async fn serve(arguments: Arguments) -> Result<(), Fault> {
    let mut signals = Signals::new()?;
    // Both addresses are bound before anything else, so that a second start of the program fails at once.
    let listener = TcpListener::bind(arguments.settings.listen)
        .await
        .map_err(|error| Fault::Listen(arguments.settings.listen, error))?;
    let copycat = open(&arguments).await?;
    // This waits for the other members without a time limit, and a signal may end it meanwhile.
    let store = tokio::select! {
        store = copycat.state_machine(RESOURCE, Table::default).open() => store?,
        () = signals.any() => {
            copycat.close().await;
            return Ok(());
        }
    };
    let server = Arc::new(Server {
        copycat,
        store,
        clients: Arc::default(),
        memory: Memory::new(MEMORY_MAX),
        ahead: Memory::new(AHEAD_MAX),
        answers: Memory::new(ANSWERS_MAX),
        commands: AtomicU64::new(0),
        connections_max: connections_max(),
        settings: arguments.settings,
        since: Instant::now(),
        run_id: (0..40).map(|_| fastrand::digit(16)).collect(),
        warned_until_s: AtomicU64::new(0),
    });
    let (close, closing) = watch::channel(false);
    let mut connections = JoinSet::new();
    tokio::select! {
        () = accept(&server, &listener, &mut connections, &closing) => {}
        () = signals.any() => {}
    }
    drop(listener);
    // Answers the commands in flight. Connections that take longer are closed, and the outcome of their commands is
    // unknown.
    close.send_replace(true);
    let _ = timeout(FAREWELL, async { while connections.join_next().await.is_some() {} }).await;
    connections.shutdown().await;
    if let Some(server) = Arc::into_inner(server) {
        server.copycat.close().await;
    }
    Ok(())
}

async fn open(arguments: &Arguments) -> Result<Copycat, Error> {
    let mut cluster = Cluster::builder().with_member_id(arguments.id);
    for member in &arguments.members {
        cluster = cluster.add_seed(member.clone());
    }
    let storage = Storage::builder().with_directory(&arguments.data).build()?;
    Copycat::builder().with_cluster(cluster.build()?).with_storage(storage).open().await
}

/// Returns the most connections: the descriptors that this process may have, less those of the member.
fn connections_max() -> usize {
    let limit = getrlimit(Resource::Nofile);
    // The system decides whether the process may have more.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX);
    CONNECTIONS_MAX.min(descriptors.saturating_sub(DESCRIPTORS_RESERVED)).max(1)
}

/// Accepts clients without end.
async fn accept(
    server: &Arc<Server>,
    listener: &TcpListener,
    connections: &mut JoinSet<()>,
    closing: &watch::Receiver<bool>,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((stream, address)) = accepted else {
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        match server.clients.enter(address, server.connections_max) {
            Some(place) => {
                // Answers are batched here, so the kernel need not delay them. If the connection is gone by now, the
                // first read finds that out.
                let _ = stream.set_nodelay(true);
                let _ = set_keepalive(&stream, server.settings.keepalive);
                let connection = Connection::new(server.clone(), stream, place);
                connections.spawn(connection.serve(closing.clone()));
            }
            None => turn_away(&stream),
        }
    }
}

/// Lets the kernel probe a client that is silent, so that a connection ends whose other end is gone. The first probe
/// comes after `keepalive`, the others after a third of it.
fn set_keepalive(stream: &TcpStream, keepalive: Option<Duration>) -> rustix::io::Result<()> {
    let Some(first) = keepalive else { return Ok(()) };
    set_socket_keepalive(stream, true)?;
    set_tcp_keepidle(stream, first)?;
    set_tcp_keepintvl(stream, Duration::from_secs((first.as_secs() / u64::from(PROBES)).max(1)))?;
    set_tcp_keepcnt(stream, PROBES)
}

/// Tells a client that the server is full, if the socket accepts the text at once.
fn turn_away(stream: &TcpStream) {
    let mut text = BytesMut::new();
    answer::encode(answer::error("ERR max number of clients reached"), answer::Version::Two, &mut text);
    let _ = stream.try_write(&text);
}

/// The signals that end the program in order.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> Result<Signals, Fault> {
        let listen = |kind| signal(kind).map_err(|error| Fault::System("no signals", error));
        Ok(Signals {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
