//! What a node holds of the transport, and what the transport tells it.

use super::acceptor::Acceptor;
use super::lane::Peer;
use super::limits::Limits;
use super::outbox::Sender;
use super::seam::Transport;
use super::wire::{Hello, Identity, Incoming, LaneKind, Refusal, Role};
use crate::codec::ids::MemberId;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use tokio::sync::mpsc;

/// Who may connect: the node's judgement, asked once per connection. It must not block.
///
/// The transport itself refuses other versions, other clusters (where both sides have one), members with
/// another election timeout, a caller that claims the own id, and a caller that looks for someone else.
pub(crate) trait Gate: Send + Sync + 'static {
    /// What this member says of itself now. Changes once, when its cluster is formed.
    fn identity(&self) -> Identity;

    /// Judges a caller.
    fn admit(&self, hello: &Hello) -> Result<(), Refusal>;

    /// Judges whoever answered a dialed lane to `peer`.
    fn accept(&self, peer: MemberId, identity: &Identity) -> Result<(), Refusal>;
}

/// Where the transport puts what arrives. Two queues, so that votes and heartbeats never wait behind entries.
///
/// While a queue is full, the connections that feed it are not read: that is the back-pressure. A batch
/// holds what one read brought, at most [`MESSAGE_MAX`](super::limits::MESSAGE_MAX) bytes or so.
#[derive(Clone, Debug)]
pub(crate) struct Inbox {
    /// Messages of control lanes, and [`Event::Connected`], [`Event::Disconnected`], [`Event::Refused`].
    pub control: mpsc::Sender<Event>,
    /// Messages of bulk lanes and remote handles, and what is answered on the own bulk lanes.
    pub bulk: mpsc::Sender<Event>,
}

/// Something the node must know.
#[derive(Debug)]
pub(crate) enum Event {
    /// Messages that arrived on one connection, in order; never empty.
    Received {
        /// Who sent them.
        from: Source,
        /// What was sent.
        messages: Vec<Incoming>,
    },
    /// An accepted connection, or a remote handle's, ended: its last event. What was submitted on it, and answers
    /// to that, may be lost.
    Gone {
        /// Who was at the other end.
        #[allow(dead_code, reason = "who it is, is told in logs, by Debug")]
        from: Source,
    },
    /// A dialed lane is open: what is sent from now on travels on this connection.
    Connected {
        /// Who was dialed.
        peer: MemberId,
        /// Which lane.
        lane: LaneKind,
        /// What the peer says of itself.
        identity: Identity,
    },
    /// A dialed lane broke: whatever was sent on it may or may not have arrived, none of it is sent again, and
    /// no answer to it comes any more.
    Disconnected {
        /// Who was dialed.
        peer: MemberId,
        /// Which lane.
        lane: LaneKind,
    },
    /// A dialed lane was refused, by the peer or by the own gate. It is tried again in a while, as a
    /// refusal may pass (an operator repairs the peer); told once per series of equal refusals. Not told where
    /// only the peer is in doubt, because two processes claim its id.
    Refused {
        /// Who was dialed.
        peer: MemberId,
        /// Which lane.
        lane: LaneKind,
        /// Why.
        refusal: Refusal,
    },
}

/// The other end of a connection.
#[derive(Clone, Debug)]
#[allow(dead_code, reason = "who it is, is told in logs, by Debug")]
pub(crate) enum Source {
    /// A member, on a connection that it dialed.
    Member {
        /// Its id.
        id: MemberId,
        /// Which of its lanes.
        lane: LaneKind,
        /// The way back, of the bulk lane, for answers to what it submitted and nothing else.
        replies: Sender,
    },
    /// A remote handle.
    Client {
        /// Tells connections apart; never reused within a process.
        id: u64,
        /// The way back. Whoever does not read its answers is cut off when too many wait.
        replies: Sender,
    },
    /// A member that was dialed, by a remote handle or on the own bulk lane: it answers what was submitted there.
    Server {
        /// Its id.
        id: MemberId,
    },
}

/// What it takes to dial and to listen. Cheap to clone; methods that start tasks must be called within
/// the runtime that shall run them.
#[derive(Clone)]
pub(crate) struct Endpoint {
    /// The network.
    pub network: Arc<dyn Transport>,
    /// The node's judgement.
    pub gate: Arc<dyn Gate>,
    /// Where arrivals go.
    pub inbox: Inbox,
    /// Bounds.
    pub limits: Limits,
}

impl Endpoint {
    /// Judges a caller, and says what to answer.
    pub(super) fn check_caller(&self, hello: &Hello) -> Result<Identity, Refusal> {
        let own = self.gate.identity();
        if hello.expected.is_some_and(|expected| expected != own.member) {
            return Err(Refusal::NotMe);
        }
        if matches!(hello.role, Role::Member { id, .. } if id == own.member) {
            return Err(Refusal::DuplicateMember);
        }
        same_cluster(hello.cluster, own.cluster())?;
        self.gate.admit(hello)?;
        if let Role::Member { election_ms, .. } = hello.role {
            same_timeout(election_ms, own.election_ms)?;
        }
        Ok(own)
    }

    /// Judges whoever answered a dial to `peer`.
    pub(super) fn check_answer(&self, peer: MemberId, identity: &Identity) -> Result<(), Refusal> {
        if identity.member != peer {
            return Err(Refusal::NotMe);
        }
        let own = self.gate.identity();
        same_cluster(identity.cluster(), own.cluster())?;
        self.gate.accept(peer, identity)?;
        same_timeout(identity.election_ms, own.election_ms)
    }

    /// Occupies `address` and lets callers in until the acceptor is closed or dropped.
    pub(crate) async fn listen(&self, address: &str) -> io::Result<Acceptor> {
        let listener = self.network.bind(address).await?;
        Ok(Acceptor::start(self.clone(), listener))
    }

    /// Dials both lanes to a peer, and dials them again whenever they break, until the peer is closed or dropped.
    pub(crate) fn dial(&self, peer: MemberId, address: &str) -> Peer {
        Peer::dial(self, peer, address)
    }
}

/// A caller that was let in before the cluster was formed, when nobody could tell whose storage is the right one.
/// It is judged again as soon as there is a formation, before anything more is taken from it.
#[derive(Debug)]
pub(super) struct Probation {
    endpoint: Endpoint,
    hello: Hello,
    over: AtomicBool,
}

impl Probation {
    pub(super) fn new(endpoint: &Endpoint, hello: Hello) -> Probation {
        Probation { endpoint: endpoint.clone(), hello, over: AtomicBool::new(false) }
    }

    pub(super) fn judge(&self) -> Result<(), Refusal> {
        if self.over.load(Relaxed) || self.endpoint.gate.identity().formation.is_none() {
            return Ok(());
        }
        self.endpoint.check_caller(&self.hello)?;
        self.over.store(true, Relaxed);
        Ok(())
    }
}

/// A cluster that is not formed yet differs from none.
fn same_cluster(one: u128, other: u128) -> Result<(), Refusal> {
    if one == 0 || other == 0 || one == other { Ok(()) } else { Err(Refusal::WrongCluster) }
}

/// Asked last: of whoever is no member here anyway, the timeout does not matter.
fn same_timeout(one: u32, other: u32) -> Result<(), Refusal> {
    if one == other { Ok(()) } else { Err(Refusal::WrongTimeout) }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("limits", &self.limits).finish_non_exhaustive()
    }
}
