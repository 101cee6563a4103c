//! What the transport tells whoever uses it.

use super::sender::Sender;
use super::wire::family::SenderKinds;
use super::wire::{Identity, Priority, Refusal};
use crate::codec::ids::MemberId;
use tokio::sync::mpsc;

/// Where the transport puts what arrives. Two queues, so that votes and heartbeats never wait behind entries.
///
/// While a queue is full, the connections that feed it are not read: that is the back-pressure. A batch
/// holds what one read brought, at most [`MESSAGE_MAX`](super::limits::MESSAGE_MAX) bytes or so.
#[derive(Debug)]
pub(crate) struct Inbox<I> {
    /// Messages of control lanes, and [`Event::Connected`], [`Event::Disconnected`], [`Event::Refused`].
    pub control: mpsc::Sender<Event<I>>,
    /// Messages of bulk lanes and remote handles, and what is answered on the own bulk lanes.
    pub bulk: mpsc::Sender<Event<I>>,
}

impl<I> Clone for Inbox<I> {
    fn clone(&self) -> Inbox<I> {
        Inbox { control: self.control.clone(), bulk: self.bulk.clone() }
    }
}

/// Something the node must know.
#[derive(Debug)]
pub(crate) enum Event<I> {
    /// Messages that arrived on one connection, in order; never empty.
    Received {
        /// Who sent them.
        from: Source,
        /// What was sent.
        messages: Vec<I>,
    },
    /// An accepted connection, or a remote handle's, ended: its last event. What was submitted on it, and answers
    /// to that, may be lost.
    Gone {
        /// Who was at the other end.
        from: Source,
    },
    /// A dialed priority is open: what is sent from now on travels on this connection.
    Connected {
        /// Who was dialed.
        peer: MemberId,
        /// Which priority.
        priority: Priority,
        /// What the peer says of itself.
        identity: Identity,
    },
    /// A dialed priority broke: whatever was sent on it may or may not have arrived, none of it is sent again, and
    /// no answer to it comes any more.
    Disconnected {
        /// Who was dialed.
        peer: MemberId,
        /// Which priority.
        priority: Priority,
    },
    /// A dialed priority was refused, by the peer or by the own admission. It is tried again in a while, as a
    /// refusal may pass (an operator repairs the peer); told once per series of equal refusals. Not told where
    /// only the peer is in doubt, because two processes claim its id.
    Refused {
        /// Who was dialed.
        peer: MemberId,
        /// Which priority.
        priority: Priority,
        /// Why.
        refusal: Refusal,
    },
}

/// The other end of a connection.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// A member, on a connection that it dialed.
    Member {
        /// Its id.
        id: MemberId,
        /// Which of its lanes.
        priority: Priority,
        /// The way back, of the bulk priority, for answers to what it submitted and nothing else.
        replies: Sender,
    },
    /// A remote handle.
    Client {
        /// Tells connections apart; never reused within a process.
        id: u64,
        /// The way back. Whoever does not read its answers is cut off when too many wait.
        replies: Sender,
    },
    /// A member that was dialed, by a remote handle or on the own bulk priority: it answers what was submitted there.
    Server {
        /// Its id.
        id: MemberId,
    },
}

impl Source {
    /// What that is among those who may send a message.
    pub(super) fn senders(&self) -> SenderKinds {
        match self {
            Source::Member { priority: Priority::Control, .. } => SenderKinds::CONTROL,
            Source::Member { priority: Priority::Bulk, .. } => SenderKinds::BULK,
            Source::Client { .. } => SenderKinds::HANDLE,
            Source::Server { .. } => SenderKinds::SERVER,
        }
    }
}
