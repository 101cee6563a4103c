//! Lets callers in.

use super::callers::{Callers, Place};
use super::connection::{self, Closed, Ear, Opened};
use super::endpoint::{Endpoint, Event, Source};
use super::handshake;
use super::outbox::{Outbox, Overflow, Sender, outbox};
use super::seam::{Listener, Stream};
use super::task::Task;
use super::wire::{Hello, LaneKind, Refusal, Role};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Pause after the network could not accept, for instance because the process has no more descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// An occupied address and everyone who came in by it. Dropping it frees the address and cuts all of them.
#[derive(Debug)]
pub(crate) struct Acceptor {
    address: String,
    close: oneshot::Sender<()>,
    task: Task,
    linger: Duration,
}

impl Acceptor {
    pub(super) fn start(endpoint: Endpoint, listener: Box<dyn Listener>) -> Acceptor {
        let (address, linger) = (listener.address().to_owned(), endpoint.limits.linger);
        let (close, closing) = oneshot::channel();
        let hall = Arc::new(Hall { endpoint, callers: Callers::default() });
        Acceptor { address, close, task: Task::start(run(hall, listener, closing)), linger }
    }

    /// The occupied address, with the port that was found if any was asked for.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Frees the address, writes the answers that wait for remote handles within the limits' linger, cuts
    /// every connection, ends all tasks.
    pub(crate) async fn close(self) {
        // Fails only if the task is over already.
        let _over = self.close.send(());
        self.task.end_within(self.linger * 2).await;
    }
}

struct Hall {
    endpoint: Endpoint,
    callers: Callers,
}

async fn run(hall: Arc<Hall>, mut listener: Box<dyn Listener>, mut closing: oneshot::Receiver<()>) {
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
            Ok((stream, address)) => hall.arrive(&mut tasks, stream, address),
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    hall.callers.dismiss();
    let farewell = async { while tasks.join_next().await.is_some() {} };
    if timeout(hall.endpoint.limits.linger, farewell).await.is_err() {
        tasks.shutdown().await;
    }
}

impl Hall {
    /// Gives a caller a task of its own. If too many are in their handshake, the one that has been for the
    /// longest goes: honest callers need no time for it.
    fn arrive(self: &Arc<Hall>, tasks: &mut JoinSet<()>, stream: Box<dyn Stream>, address: String) {
        let hall = Arc::clone(self);
        let max = self.endpoint.limits.handshakes_max;
        let evicted = self
            .callers
            .arrive(max, |number| tasks.spawn(async move { hall.receive(number, stream, &address).await }));
        if let Some(number) = evicted {
            tracing::warn!(connection = number, "connection closed: too many callers in their handshake");
        }
    }

    async fn receive(self: &Arc<Hall>, number: u64, stream: Box<dyn Stream>, address: &str) {
        let place = Place::new(&self.callers, number);
        let admitted = timeout(self.endpoint.limits.handshake_timeout, self.admit(&place, stream)).await;
        let (from, closed) = match admitted.unwrap_or(Err(Ended::Closed(Closed::Late))) {
            Ok(call) => {
                tracing::debug!(connection = number, address, from = ?call.ear.from, "connection open");
                (Some(call.ear.from.clone()), self.serve(call).await)
            }
            Err(Ended::Closed(closed)) => (None, closed),
            Err(Ended::Refused(hello, reason)) => {
                tracing::warn!(connection = number, address, ?hello, %reason, "connection refused");
                return;
            }
        };
        if closed.is_alarming() {
            tracing::warn!(connection = number, address, ?from, reason = %closed, "connection closed");
        } else {
            tracing::info!(connection = number, address, ?from, reason = %closed, "connection closed");
        }
    }

    /// The handshake.
    async fn admit(&self, place: &Place<'_>, stream: Box<dyn Stream>) -> Result<Call, Ended> {
        let (mut opened, hello) = handshake::listen(stream).await?;
        let admitted = hello.and_then(|hello| {
            let identity = self.endpoint.check_caller(&hello)?;
            let (sender, outbox) = self.outbox(&hello);
            place.enter(&hello.role, &sender, self.endpoint.limits.clients_max)?;
            Ok((identity, hello, sender, outbox))
        });
        match admitted {
            Ok((identity, hello, sender, outbox)) => {
                handshake::reply(&mut opened, &Ok(identity)).await?;
                outbox.open();
                Ok(Call { opened, outbox, ear: self.ear(place, &hello, sender) })
            }
            Err(refusal) => {
                handshake::reply(&mut opened, &Err(refusal)).await?;
                Err(Ended::Refused(hello.ok(), refusal))
            }
        }
    }

    fn outbox(&self, hello: &Hello) -> (Sender, Outbox) {
        let limits = &self.endpoint.limits;
        match hello.role {
            // Nothing but signs of life goes back to a member on its own lane.
            Role::Member { .. } => outbox(limits.control_bytes_max, Overflow::Refuse),
            Role::Client => {
                let idle_max = limits.client_idle_bytes_max;
                outbox(limits.client_bytes_max, Overflow::Cut { idle_max })
            }
        }
    }

    fn ear(&self, place: &Place<'_>, hello: &Hello, replies: Sender) -> Ear {
        let inbox = &self.endpoint.inbox;
        match hello.role {
            Role::Member { id, lane, .. } => {
                let inbox = if lane == LaneKind::Control { &inbox.control } else { &inbox.bulk };
                Ear { inbox: inbox.clone(), from: Source::Member { id, lane } }
            }
            Role::Client => {
                Ear { inbox: inbox.bulk.clone(), from: Source::Client { id: place.number(), replies } }
            }
        }
    }

    async fn serve(&self, call: Call) -> Closed {
        let closed =
            connection::serve(call.opened, &call.outbox, Some(&call.ear), &self.endpoint.limits).await;
        call.outbox.shut();
        // Fails only if the node is gone, and then nobody needs to know.
        let _unheard = call.ear.inbox.send(Event::Gone { from: call.ear.from }).await;
        closed
    }
}

/// A caller that was let in.
struct Call {
    opened: Opened,
    outbox: Outbox,
    ear: Ear,
}

/// Why there is no call.
enum Ended {
    Closed(Closed),
    Refused(Option<Hello>, Refusal),
}

impl From<Closed> for Ended {
    fn from(closed: Closed) -> Ended {
        Ended::Closed(closed)
    }
}
