//! What members and remote handles say to each other, byte for byte. `FORMAT.md` draws it.
//!
//! Hand-coded, little-endian. Reading copies no frame and no body: they are slices of the receive buffer.
//! Nothing here opens a connection or decides anything.
//!
//! Begin with [`Message`], then [`envelope`], which every message begins with.

mod append;
mod batch;
pub(crate) mod envelope;
pub(crate) mod formation;
pub(crate) mod hello;
mod raft;
pub(crate) mod sketch;

use crate::codec::ids::{GroupId, MethodId, Term};
use bytes::Bytes;

pub(crate) use formation::Formation;
pub(crate) use hello::{Hello, Identity, LaneKind, Refusal, Role};
pub(crate) use sketch as consensus;

/// What travels on an open connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// A message of one group's consensus.
    Raft {
        /// Whose.
        group: GroupId,
        /// What is said.
        message: consensus::Message,
        /// The entries of an append as packed frames, in order; empty for every other message. A frame
        /// never spans two chunks. On arrival they are verified and fit the message's spans.
        frames: Vec<Bytes>,
    },
    /// Requests on their way to a leader.
    Submit(Submit),
    /// Answers to requests, to whoever submitted them.
    Results(Vec<Answered>),
    /// The members that shall form a new cluster.
    Form(Formation),
    /// The sender has recorded the formation durably.
    Formed(Formation),
}

/// Requests for one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Submit {
    /// Whose state they touch.
    pub group: GroupId,
    /// The term of the leader they are meant for: another term's leader refuses them, which keeps their
    /// order. 0: any.
    pub term: Term,
    /// The requests, in the sender's order.
    pub requests: Vec<Submitted>,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Submitted {
    /// Chosen by the submitter; comes back with the answer.
    pub id: u64,
    /// Through the log or beside it.
    pub access: Access,
    /// Which method.
    pub method: MethodId,
    /// How many bytes of `body` are the key.
    pub key_len: u32,
    /// The encoded key, then the other arguments.
    pub body: Bytes,
}

/// How a request touches the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Access {
    /// Through the log.
    Write = 0,
    /// A read that reflects every write acknowledged before it began; leadership is confirmed for it.
    Strict = 1,
    /// The same, resting on the leader's lease.
    Lease = 2,
    /// A read of whatever the member has applied.
    Eventual = 3,
}

/// The answer to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answered {
    /// The request's id.
    pub id: u64,
    /// The encoded result, or the code of the failure, which is never 0.
    pub result: Result<Bytes, u16>,
}

impl Message {
    /// The lane a message travels on between members: what keeps leaders in place never queues behind entries.
    pub(crate) fn lane(&self) -> LaneKind {
        use consensus::Message as M;
        match self {
            Message::Raft { message: M::Append { .. } | M::AppendReply { .. }, .. }
            | Message::Submit(_)
            | Message::Results(_) => LaneKind::Bulk,
            Message::Raft { .. } | Message::Form(_) | Message::Formed(_) => LaneKind::Control,
        }
    }
}
