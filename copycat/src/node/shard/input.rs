//! The inputs and options of a shard, and the status that it reports.

use super::super::completions::Done;
use super::super::machine::Machine;
use super::super::wire::Announcement;
use super::super::wire::heartbeats::{Arrived, HeartbeatHead, HeartbeatRecord};
use super::bounds::Bounds;
use super::open_resource::OpenResource;
use crate::codec::entries::Entries;
use crate::codec::ids::{GroupId, Index, MemberId};
use crate::codec::shape::record::Conflict;
use crate::raft;
use crate::request::reply::Origin;
use crate::request::sender::Request;
use crate::request::wire::results::Answered;
use crate::request::wire::submit::Submit;
use crate::storage::Flushed;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// The options of a shard.
#[derive(Clone, Debug)]
pub(crate) struct ShardOptions {
    /// This member.
    pub me: MemberId,
    /// Timeouts and windows of every group's core.
    pub raft: raft::options::RaftOptions,
    /// The longest election timeout under which earlier processes of this member may have answered a leader.
    pub longest_election_timeout: Duration,
    /// The time after which a request fails with a timeout.
    pub request_timeout: Duration,
    /// The bounds on what the shard keeps, dispatches and sends at a time.
    pub bounds: Bounds,
}

/// An input of a turn.
#[derive(Debug)]
pub(crate) enum Input {
    /// A request of a proxy in this process.
    Request(Request),
    /// Requests that came over a connection.
    Submitted {
        /// The connection that the answers go to.
        origin: Origin,
        /// The requests.
        submit: Submit,
    },
    /// Answers to requests that this shard forwarded.
    Answered {
        /// The member that answers.
        from: MemberId,
        /// The answers.
        answers: Vec<Answered>,
    },
    /// The head of a message with heartbeats or answers. What it carries for each group follows.
    HeartbeatHead {
        /// The sender.
        from: MemberId,
        /// The head.
        head: HeartbeatHead,
    },
    /// A message from the core of another member.
    Raft {
        /// The sender.
        from: MemberId,
        /// The group.
        group: GroupId,
        /// The message. The spans of an append describe `entries`.
        message: raft::message::Message,
        /// The entries of an append.
        entries: Entries,
    },
    /// What another member's program has for a resource.
    Announced {
        /// The member.
        from: MemberId,
        /// What it has.
        announcement: Announcement,
    },
    /// The bulk connection to a member is open, so requests can be sent to it.
    BulkConnected(MemberId),
    /// The bulk connection to a member is closed. Messages in flight are lost, and so are the answers to forwarded
    /// requests.
    BulkDisconnected(MemberId),
    /// A worker has finished a job.
    Done(Done),
    /// The state machines of a resource.
    Attach(Attachment),
    /// The state machines of these groups are to be detached, because no proxy exists.
    Detach(Vec<GroupId>),
}

impl Input {
    /// Returns the inputs of a message with heartbeats or answers, in their order.
    pub(crate) fn of_heartbeats(from: MemberId, arrived: Arrived) -> impl Iterator<Item = Input> {
        let head = Input::HeartbeatHead { from, head: arrived.head };
        let records = arrived.map(move |HeartbeatRecord { group, message, .. }| Input::Raft {
            from,
            group,
            message,
            entries: Entries::default(),
        });
        std::iter::once(head).chain(records)
    }
}

/// The state machines of a resource's groups, from the caller that opens it.
#[derive(Debug)]
pub(crate) struct Attachment {
    /// The resource.
    pub resource: Arc<OpenResource>,
    /// The state of each of its groups before the first entry, in their order.
    pub machines: Vec<Box<dyn Machine>>,
    /// Told when the groups accept requests. On an error no state machine was attached.
    pub done: oneshot::Sender<Result<(), AttachError>>,
}

/// Why no state machine was attached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AttachError {
    /// One of the groups already has a state machine.
    AlreadyOpen,
    /// The cluster is not bootstrapped.
    NotFormed,
    /// The member has stopped.
    Stopped,
    /// The commands contradict what is on record for one of the groups.
    Conflict(Arc<Conflict>),
}

/// The status of a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShardStatus {
    /// The groups of the shard.
    pub groups: Vec<GroupStatus>,
    /// The figures of what the journal made durable.
    pub flushed: Flushed,
    /// The number of requests that this process has forwarded to other members.
    pub forwarded: u64,
}

/// The status of one group on this member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GroupStatus {
    /// The group.
    pub group: GroupId,
    /// The status of the core.
    pub raft: raft::state::Status,
    /// The last entry that the state machine has applied.
    pub applied: Index,
    /// How often this process found that another member had lost entries that it had acknowledged.
    pub lost_entries_found: u64,
    /// Whether the group is halted on this member: its log cannot be read, or its program does not understand it, or is
    /// not deterministic.
    pub halted: bool,
}
