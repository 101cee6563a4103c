//! Accepts connections, and performs the handshake with each caller.

use super::admission::{Recheck, check_caller};
use super::callers::{Callers, ConnectionGuard};
use super::closed::Closed;
use super::connection::{self, Reader};
use super::endpoint::Endpoint;
use super::event::{Event, Source};
use super::handshake::{self, Opened};
use super::network::{Listener, Stream};
use super::queue::Overflow;
use super::send_queue::{SendQueueReader, send_queue};
use super::sender::Sender;
use super::task::Task;
use super::throttle::Throttle;
use super::wire::{CallerKind, Hello, Incoming, Priority, Refusal};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// The pause after the network could not accept, for instance because the process has no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A listening address and all connections accepted on it. Dropping it frees the address and cuts the
/// connections.
#[derive(Debug)]
pub(crate) struct Acceptor {
    address: String,
    close: oneshot::Sender<()>,
    task: Task,
    linger: Duration,
}

impl Acceptor {
    /// Listens on `address` and accepts callers until the acceptor is closed or dropped. Must be called within
    /// the runtime that is to run the connections.
    pub(crate) async fn listen<I: Incoming>(endpoint: &Endpoint<I>, address: &str) -> io::Result<Acceptor> {
        let listener = endpoint.network.bind(address).await?;
        let (address, linger) = (listener.address().to_owned(), endpoint.limits.linger);
        let (close, closing) = oneshot::channel();
        let shared = Arc::new(Shared {
            endpoint: endpoint.clone(),
            callers: Callers::default(),
            warnings: Throttle::default(),
        });
        Ok(Acceptor { address, close, task: Task::start(run(shared, listener, closing)), linger })
    }

    /// Returns the listening address, with the actual port if any free one was asked for.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Frees the address, writes the replies queued for remote handles within the limits' linger, closes every
    /// connection and ends all tasks.
    pub(crate) async fn close(self) {
        // Fails only if the task has ended already.
        let _over = self.close.send(());
        self.task.end_within(self.linger * 2).await;
    }
}

/// The state shared by the tasks of all callers.
struct Shared<I> {
    endpoint: Endpoint<I>,
    callers: Callers,
    /// Limits the rate of all warnings that callers can cause.
    warnings: Throttle,
}

async fn run<I: Incoming>(
    shared: Arc<Shared<I>>,
    mut listener: Box<dyn Listener>,
    mut closing: oneshot::Receiver<()>,
) {
    let mut tasks = JoinSet::new();
    loop {
        let arrival = tokio::select! {
            biased;
            // A sender that is dropped unused belongs to an acceptor that is dropped: the task is aborted.
            _ = &mut closing => break,
            Some(_ended) = tasks.join_next() => continue,
            arrival = listener.accept() => arrival,
        };
        match arrival {
            Ok((stream, address)) => shared.arrive(&mut tasks, stream, address),
            Err(error) => {
                if let Some(suppressed) = shared.warnings.pass(Instant::now()) {
                    tracing::warn!(%error, suppressed, "cannot accept connections");
                }
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    shared.callers.dismiss();
    let farewell = async { while tasks.join_next().await.is_some() {} };
    if timeout(shared.endpoint.limits.linger, farewell).await.is_err() {
        tasks.shutdown().await;
    }
}

impl<I: Incoming> Shared<I> {
    /// Starts a task for a caller. If too many callers are in their handshake, the oldest of them is evicted:
    /// an honest caller finishes quickly.
    fn arrive(self: &Arc<Self>, tasks: &mut JoinSet<()>, stream: Box<dyn Stream>, address: String) {
        let shared = Arc::clone(self);
        let max = self.endpoint.limits.handshakes_max;
        let evicted = self
            .callers
            .arrive(max, |number| tasks.spawn(async move { shared.receive(number, stream, &address).await }));
        if let Some(connection) = evicted
            && let Some(suppressed) = self.warnings.pass(Instant::now())
        {
            tracing::warn!(connection, suppressed, "connection closed: too many callers in their handshake");
        }
    }

    async fn receive(self: &Arc<Self>, number: u64, stream: Box<dyn Stream>, address: &str) {
        let guard = ConnectionGuard::new(&self.callers, number);
        let admitted = timeout(self.endpoint.limits.handshake_timeout, self.admit(&guard, stream)).await;
        match admitted.unwrap_or(Err(Ended::Closed(Closed::Late))) {
            Ok(call) => {
                tracing::debug!(connection = number, address, from = ?call.reader.from, "connection open");
                let from = call.reader.from.clone();
                self.log_end(number, address, Some(&from), &self.serve(call).await);
            }
            Err(Ended::Closed(closed)) => self.log_end(number, address, None, &closed),
            Err(Ended::Refused(hello, reason)) => {
                if let Some(suppressed) = self.warnings.pass(Instant::now()) {
                    tracing::warn!(connection = number, address, ?hello, %reason, suppressed, "connection refused");
                }
            }
        }
    }

    fn log_end(&self, connection: u64, address: &str, from: Option<&Source>, reason: &Closed) {
        if !reason.is_alarming() {
            tracing::info!(connection, address, ?from, %reason, "connection closed");
        } else if let Some(suppressed) = self.warnings.pass(Instant::now()) {
            tracing::warn!(connection, address, ?from, %reason, suppressed, "connection closed");
        }
    }

    /// Performs the handshake and registers the connection.
    async fn admit(
        &self,
        guard: &ConnectionGuard<'_>,
        stream: Box<dyn Stream>,
    ) -> Result<Admitted<I>, Ended> {
        let (mut opened, hello) = handshake::listen(stream).await?;
        let admitted = hello.and_then(|hello| {
            let identity = check_caller(&*self.endpoint.admission, &hello)?;
            let (sender, send_queue) = self.send_queue(&hello);
            let formed = identity.cluster != 0;
            guard.enter(&hello.role, formed, &sender, self.endpoint.limits.clients_max)?;
            Ok((identity, hello, sender, send_queue))
        });
        match admitted {
            Ok((identity, hello, sender, send_queue)) => {
                let formed = identity.cluster != 0;
                handshake::reply(&mut opened, &Ok(identity)).await?;
                send_queue.open();
                let recheck = (!formed).then(|| Recheck::new(&self.endpoint.admission, hello));
                Ok(Admitted { opened, send_queue, reader: self.reader(guard, &hello, sender, recheck) })
            }
            Err(refusal) => {
                handshake::reply(&mut opened, &Err(refusal)).await?;
                Err(Ended::Refused(hello.ok(), refusal))
            }
        }
    }

    fn send_queue(&self, hello: &Hello) -> (Sender, SendQueueReader) {
        let limits = &self.endpoint.limits;
        match hello.role {
            // Only pings go back there.
            CallerKind::Member { priority: Priority::Control, .. } => {
                send_queue(limits.control_bytes_max, Overflow::Refuse)
            }
            CallerKind::Member { priority: Priority::Bulk, .. } | CallerKind::Client => {
                let idle_max = limits.client_idle_bytes_max;
                send_queue(limits.client_bytes_max, Overflow::Disconnect { idle_max })
            }
        }
    }

    fn reader(
        &self,
        guard: &ConnectionGuard<'_>,
        hello: &Hello,
        replies: Sender,
        recheck: Option<Recheck>,
    ) -> Reader<I> {
        let inbox = &self.endpoint.inbox;
        match hello.role {
            CallerKind::Member { id, priority, .. } => {
                let inbox = if priority == Priority::Control { &inbox.control } else { &inbox.bulk };
                Reader { inbox: inbox.clone(), from: Source::Member { id, priority, replies }, recheck }
            }
            CallerKind::Client => Reader {
                inbox: inbox.bulk.clone(),
                from: Source::Client { id: guard.number(), replies },
                recheck,
            },
        }
    }

    async fn serve(&self, call: Admitted<I>) -> Closed {
        let closed =
            connection::serve(call.opened, &call.send_queue, Some(&call.reader), &self.endpoint.limits).await;
        call.send_queue.shut();
        // Fails only if the node has stopped, and then the event is not needed.
        let _unheard = call.reader.inbox.send(Event::Gone { from: call.reader.from }).await;
        closed
    }
}

/// A caller that was accepted.
struct Admitted<I> {
    opened: Opened,
    send_queue: SendQueueReader,
    reader: Reader<I>,
}

/// The reason why a caller was not accepted.
enum Ended {
    Closed(Closed),
    Refused(Option<Hello>, Refusal),
}

impl From<Closed> for Ended {
    fn from(closed: Closed) -> Ended {
        Ended::Closed(closed)
    }
}
