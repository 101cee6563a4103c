//! The server: a member of the cluster, and the connections of its clients.
//!
//! Decides nothing about keys: it hands commands in and answers back. Begin with [`serve`], then
//! `connection.rs`, one client's life, and `pipeline.rs`, the order of its answers.

mod clients;
mod connection;
mod execute;
mod limits;
mod memory;
mod pipeline;
mod report;
mod session;

use crate::arguments::Arguments;
use crate::protocol::answer;
use crate::store::{AsyncStore, Table};
use bytes::BytesMut;
use clients::Clients;
use connection::Connection;
use copycat::{Cluster, Copycat, Error, Storage};
use limits::{CONNECTIONS_MAX, DESCRIPTORS_RESERVED};
use memory::Memory;
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

/// The name of the replicated state.
pub(crate) const RESOURCE: &str = "redis";

/// How long commands that are under way may take when the server is told to end.
const FAREWELL: Duration = Duration::from_secs(5);
/// Pause when no connection can be accepted, for want of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Why there is no server, or none any more.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The member was refused, or what it stands on is.
    Member(Error),
    /// Something of the system, and what for.
    System(&'static str, std::io::Error),
    /// The address for clients cannot be had.
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

/// What all connections share.
pub(crate) struct Server {
    copycat: Copycat,
    store: AsyncStore,
    clients: Arc<Clients>,
    memory: Memory,
    commands: AtomicU64,
    connections_max: usize,
    listen: SocketAddr,
    patience: Duration,
    since: Instant,
}

impl Server {
    fn count_command(&self) {
        self.commands.fetch_add(1, Ordering::Relaxed);
    }

    fn commands(&self) -> u64 {
        self.commands.load(Ordering::Relaxed)
    }
}

/// Runs a member and serves its clients until a signal ends it.
///
/// # Errors
///
/// What keeps it from starting: nothing was served.
pub(crate) async fn serve(arguments: Arguments) -> Result<(), Fault> {
    let mut signals = Signals::new()?;
    // Both addresses before anything else: who started the program twice learns it at once.
    let listener =
        TcpListener::bind(arguments.listen).await.map_err(|error| Fault::Listen(arguments.listen, error))?;
    let copycat = open(&arguments).await?;
    // Waits for the other members, for ever if need be, and may be told to end meanwhile.
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
        memory: Memory::default(),
        commands: AtomicU64::new(0),
        connections_max: connections_max(),
        listen: arguments.listen,
        patience: arguments.patience,
        since: Instant::now(),
    });
    let (close, closing) = watch::channel(false);
    let mut connections = JoinSet::new();
    tokio::select! {
        () = accept(&server, &listener, &mut connections, &closing) => {}
        () = signals.any() => {}
    }
    drop(listener);
    // Answers what is in hand; whoever takes longer is cut off, which leaves it open whether it happened.
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

/// As many connections as there may be: as many descriptors as this process may have, less those of the member.
fn connections_max() -> usize {
    let limit = getrlimit(Resource::Nofile);
    // Whether it may have more is for the system to say.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX);
    CONNECTIONS_MAX.min(descriptors.saturating_sub(DESCRIPTORS_RESERVED)).max(1)
}

/// Lets clients in, for ever.
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
                // Answers are gathered here; the kernel need not wait for more. A connection that is gone by
                // now is found out when it is read.
                let _ = stream.set_nodelay(true);
                let connection = Connection::new(server.clone(), stream, place);
                connections.spawn(connection.serve(closing.clone()));
            }
            None => turn_away(&stream),
        }
    }
}

/// Tells a client that there is no room for it, if it listens.
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
