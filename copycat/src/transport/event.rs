//! Events that the transport reports to its owner.

use super::sender::Sender;
use super::wire::family::SenderKinds;
use super::wire::{Priority, Refusal, Welcome};
use crate::codec::ids::MemberId;
use tokio::sync::mpsc;

/// The queues for everything that arrives. There are two, so that votes and heartbeats never wait for entries.
///
/// While a queue is full, the connections that feed it are not read: this is the backpressure. An event holds
/// what one read delivered, at most about [`MESSAGE_MAX`](super::limits::MESSAGE_MAX) bytes.
#[derive(Debug)]
pub(crate) struct Inbox<I> {
    /// Messages of control connections, the begins and ends of such connections, and [`Event::Refused`] of dialed
    /// connections of both priorities.
    pub control: mpsc::Sender<Event<I>>,
    /// Messages of bulk connections and remote handles, replies on this member's own bulk connections, and the begins
    /// and ends of all these. The end of a connection comes after everything that was received on it.
    pub bulk: mpsc::Sender<Event<I>>,
}

impl<I> Clone for Inbox<I> {
    fn clone(&self) -> Inbox<I> {
        Inbox { control: self.control.clone(), bulk: self.bulk.clone() }
    }
}

/// An event that the node must know.
#[derive(Debug)]
pub(crate) enum Event<I> {
    /// Messages that arrived on one connection, in order; never empty.
    Received {
        /// The sender of the messages.
        from: Source,
        /// The messages.
        messages: Vec<I>,
    },
    /// An accepted connection, or one of a remote handle, ended: its last event. Requests submitted on it, and
    /// their replies, may be lost.
    Gone {
        /// The other end.
        from: Source,
    },
    /// A dialed connection is open: messages sent from now on travel on it.
    Connected {
        /// The peer that was dialed.
        peer: MemberId,
        /// The connection's priority.
        priority: Priority,
        /// What the peer says of itself.
        identity: Welcome,
    },
    /// A dialed connection broke. What was sent on it may or may not have arrived, none of it is sent again,
    /// and no reply to it comes any more.
    Disconnected {
        /// The peer that was dialed.
        peer: MemberId,
        /// The connection's priority.
        priority: Priority,
    },
    /// A dialed connection was refused, by the peer or by this member's own admission. It is dialed again after
    /// a pause, since the cause may pass (an operator repairs the peer). Reported once per series of equal
    /// refusals. Not reported if this member's admission found two processes that claim the peer's id.
    Refused {
        /// The peer that was dialed.
        peer: MemberId,
        /// The connection's priority.
        priority: Priority,
        /// The reason of the refusal.
        refusal: Refusal,
    },
}

/// The other end of a connection.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// A member, on a connection that it dialed.
    Member {
        /// The member's id.
        id: MemberId,
        /// The connection's priority.
        priority: Priority,
        /// The way back. On a bulk connection it carries replies to what the member submitted; on either, nothing
        /// else but pings.
        replies: Sender,
    },
    /// A remote handle.
    Client {
        /// The connection's number, never reused by the acceptor.
        id: u64,
        /// The way back. A handle that does not read its replies is cut off when too many bytes wait.
        replies: Sender,
    },
    /// A member that was dialed, by a remote handle or on this member's bulk connection: it replies to what was
    /// submitted there.
    Server {
        /// The member's id.
        id: MemberId,
    },
}

impl Source {
    /// Returns the sender kind by which its messages are checked.
    pub(super) fn senders(&self) -> SenderKinds {
        match self {
            Source::Member { priority: Priority::Control, .. } => SenderKinds::CONTROL,
            Source::Member { priority: Priority::Bulk, .. } => SenderKinds::BULK,
            Source::Client { .. } => SenderKinds::HANDLE,
            Source::Server { .. } => SenderKinds::SERVER,
        }
    }
}
