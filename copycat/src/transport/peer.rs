//! The connections to one peer: dialed, kept open, dialed again.

use super::admission::check_answer;
use super::closed::Closed;
use super::connection::{self, Reader};
use super::endpoint::Endpoint;
use super::event::{Event, Source};
use super::handshake::{self, Opened};
use super::queue::Overflow;
use super::send_queue::{SendQueueReader, send_queue};
use super::sender::{Sender, Unsent};
use super::task::Task;
use super::wire::hello::VERSION;
use super::wire::{CallerKind, Hello, Incoming, Outgoing, Priority, Refusal, Welcome};
use crate::codec::ids::MemberId;
use std::time::Duration;
use thiserror::Error;
use tokio::time::{Instant, sleep, timeout};

/// One dialed connection to a peer. Dropping it cuts the connection without writing what is queued.
#[derive(Debug)]
struct PeerConnection {
    sender: Sender,
    task: Task,
    linger: Duration,
}

impl PeerConnection {
    fn dial<I: Incoming>(
        endpoint: &Endpoint<I>,
        peer: MemberId,
        kind: Priority,
        address: &str,
    ) -> PeerConnection {
        let limits = &endpoint.limits;
        let bytes_max = match kind {
            Priority::Control => limits.control_bytes_max,
            Priority::Bulk => limits.bulk_bytes_max,
        };
        let linger = limits.linger;
        let (sender, send_queue) = send_queue(bytes_max, Overflow::Refuse);
        let address = address.to_owned();
        let mut dialer =
            Dialer { endpoint: endpoint.clone(), peer, kind, address, send_queue, reported: None };
        let task = Task::start(async move {
            // Ends early only if the node is gone, and then the error is not needed.
            let _unheard = dialer.run().await;
        });
        PeerConnection { sender, task, linger }
    }

    async fn close(self) {
        let lingers = self.sender.drain();
        self.task.end_within(if lingers { self.linger } else { Duration::ZERO }).await;
    }
}

/// Both connections to one peer. Dropping it cuts them.
#[derive(Debug)]
pub(crate) struct Peer {
    control: PeerConnection,
    bulk: PeerConnection,
}

impl Peer {
    /// Dials both connections, and dials them again whenever they break, until the peer is closed or dropped.
    /// Must be called within the runtime that is to run the connections.
    pub(crate) fn dial<I: Incoming>(endpoint: &Endpoint<I>, peer: MemberId, address: &str) -> Peer {
        Peer {
            control: PeerConnection::dial(endpoint, peer, Priority::Control, address),
            bulk: PeerConnection::dial(endpoint, peer, Priority::Bulk, address),
        }
    }

    /// Returns the sender to the peer.
    pub(crate) fn sender(&self) -> PeerSender {
        PeerSender { control: self.control.sender.clone(), bulk: self.bulk.sender.clone() }
    }

    /// Stops dialing, writes what is queued within the limits' linger, and ends the tasks.
    pub(crate) async fn close(self) {
        tokio::join!(self.control.close(), self.bulk.close());
    }
}

/// The sender to one peer, usable from any thread. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct PeerSender {
    control: Sender,
    bulk: Sender,
}

impl PeerSender {
    /// Queues a message for the connection of its priority until [`write_queued`](Self::write_queued). See
    /// [`Sender::queue`].
    pub(crate) fn queue(&self, message: impl Outgoing) -> Result<(), Unsent> {
        self.sender_for(&message).queue(message)
    }

    /// Writes what is queued on both connections, votes and heartbeats first. See [`Sender::write_queued`].
    pub(crate) fn write_queued(&self) {
        self.control.write_queued();
        self.bulk.write_queued();
    }

    /// Sends a message on the connection of its priority. See [`Sender::send`].
    pub(crate) fn send(&self, message: impl Outgoing) -> Result<(), Unsent> {
        self.sender_for(&message).send(message)
    }

    fn sender_for(&self, message: &impl Outgoing) -> &Sender {
        match message.kind().priority() {
            Priority::Control => &self.control,
            Priority::Bulk => &self.bulk,
        }
    }
}

/// The reason why a dial failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
enum Failed {
    #[error(transparent)]
    Closed(#[from] Closed),
    #[error("the peer refused: {0}")]
    Refused(Refusal),
    #[error("the peer is not whom it should be: {0}")]
    Rejected(Refusal),
}

impl Failed {
    fn refusal(&self) -> Option<Refusal> {
        match self {
            Failed::Closed(_) => None,
            Failed::Refused(refusal) | Failed::Rejected(refusal) => Some(*refusal),
        }
    }
}

/// The task that dials and serves a connection.
struct Dialer<I> {
    endpoint: Endpoint<I>,
    peer: MemberId,
    kind: Priority,
    address: String,
    send_queue: SendQueueReader,
    /// The failure that was last reported, so that a series of equal ones is reported once.
    reported: Option<Failed>,
}

/// An error: the node no longer receives events.
struct Unheard;

impl<I: Incoming> Dialer<I> {
    /// Dials until the connection is closed in order.
    async fn run(&mut self) -> Result<(), Unheard> {
        let limits = self.endpoint.limits.clone();
        let mut pause = limits.redial_min;
        loop {
            let dialed = timeout(limits.handshake_timeout, self.open()).await;
            match dialed.unwrap_or(Err(Failed::Closed(Closed::Late))) {
                Ok((opened, identity)) => {
                    let since = Instant::now();
                    if self.serve(opened, identity).await? == Closed::Drained {
                        return Ok(());
                    }
                    // A peer that accepts and cuts off at once is not dialed any faster for it.
                    if since.elapsed() >= limits.redial_max {
                        pause = limits.redial_min;
                    }
                }
                Err(failed) => {
                    if failed.refusal().is_some() {
                        pause = limits.redial_max;
                    }
                    self.tell(failed).await?;
                }
            }
            sleep(pause.mul_f64(0.75 + fastrand::f64() * 0.5)).await;
            pause = (pause * 2).min(limits.redial_max);
        }
    }

    async fn open(&self) -> Result<(Opened, Welcome), Failed> {
        let stream = self.endpoint.network.connect(&self.address).await.map_err(Closed::from)?;
        let own = self.endpoint.admission.identity();
        let role = CallerKind::Member {
            id: own.member,
            disk_id: own.disk_id,
            priority: self.kind,
            election_ms: own.election_ms,
        };
        let hello = Hello { version: VERSION, role, cluster: own.cluster, expected: Some(self.peer) };
        let (opened, identity) = handshake::call(stream, &hello).await?.map_err(Failed::Refused)?;
        check_answer(&*self.endpoint.admission, self.peer, &identity).map_err(Failed::Rejected)?;
        Ok((opened, identity))
    }

    async fn serve(&mut self, opened: Opened, identity: Welcome) -> Result<Closed, Unheard> {
        let (peer, priority) = (self.peer, self.kind);
        self.reported = None;
        self.send_queue.open();
        tracing::debug!(%peer, ?priority, address = %self.address, "connection open");
        self.event(Event::Connected { peer, priority, identity }).await?;
        let reader = self.reader();
        let closed =
            connection::serve(opened, &self.send_queue, reader.as_ref(), &self.endpoint.limits).await;
        // An orderly close stays one, even if the connection breaks before its end.
        let closed = if self.send_queue.shut() { Closed::Drained } else { closed };
        if closed.is_alarming() {
            tracing::warn!(%peer, ?priority, address = %self.address, reason = %closed, "connection closed");
        } else {
            tracing::info!(%peer, ?priority, address = %self.address, reason = %closed, "connection closed");
        }
        if closed != Closed::Drained {
            self.event(Event::Disconnected { peer, priority }).await?;
        }
        Ok(closed)
    }

    /// Creates the reader of a bulk connection: requests submitted on it are answered on it. So a request is
    /// either answered, or known to be lost.
    fn reader(&self) -> Option<Reader<I>> {
        let from = Source::Server { id: self.peer };
        let inbox = self.endpoint.inbox.bulk.clone();
        (self.kind == Priority::Bulk).then_some(Reader { inbox, from, recheck: None })
    }

    async fn tell(&mut self, failed: Failed) -> Result<(), Unheard> {
        if self.reported.as_ref() == Some(&failed) {
            return Ok(());
        }
        let (peer, priority) = (self.peer, self.kind);
        tracing::warn!(%peer, ?priority, address = %self.address, reason = %failed, "peer not reached");
        let refusal = failed.refusal();
        // If two processes claim the peer's id, this is not reported: the fault is not this member's, and it ends
        // when the connections of the earlier process are gone.
        let own = failed != Failed::Rejected(Refusal::DuplicateMember);
        self.reported = Some(failed);
        match refusal.filter(|_| own) {
            Some(refusal) => {
                let refused = Event::Refused { peer, priority, refusal };
                self.endpoint.inbox.control.send(refused).await.map_err(|_| Unheard)
            }
            None => Ok(()),
        }
    }

    /// Reports that the connection was opened or has ended, in the inbox of what is received on it: after everything
    /// that came before.
    async fn event(&self, event: Event<I>) -> Result<(), Unheard> {
        let inbox = &self.endpoint.inbox;
        let inbox = if self.kind == Priority::Control { &inbox.control } else { &inbox.bulk };
        inbox.send(event).await.map_err(|_| Unheard)
    }
}
