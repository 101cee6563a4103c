//! What goes into a shard, and what it says of itself.

use super::super::completions::Done;
use super::super::machine::{Checker, Machine};
use super::bounds::Bounds;
use crate::codec::entries::Entries;
use crate::codec::ids::{GroupId, Index, MemberId};
use crate::raft;
use crate::request::failure::Failure;
use crate::request::reply::Origin;
use crate::request::sender::Request;
use crate::request::wire::results::Answered;
use crate::request::wire::submit::Submit;
use crate::storage::Flushed;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// What a shard is told when it is made.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// This member.
    pub me: MemberId,
    /// Timeouts and windows of every group's core.
    pub raft: raft::options::Options,
    /// The longest election timeout under which earlier processes of this member may have promised a leader not to
    /// vote.
    pub promised: Duration,
    /// How long a request may take before its caller is told.
    pub request_timeout: Duration,
    /// How much is held, handed over and sent at a time.
    pub bounds: Bounds,
}

/// Something that has happened.
#[derive(Debug)]
pub(crate) enum Input {
    /// A proxy in this process asks.
    Request(Request),
    /// Requests came over a connection.
    Submitted {
        /// Where the answers go.
        origin: Origin,
        /// The requests.
        submit: Submit,
    },
    /// Answers to requests this shard had forwarded.
    Answered {
        /// Who answers.
        from: MemberId,
        /// The answers.
        answers: Vec<Answered>,
    },
    /// A message from another member's core, and the entries that came with it.
    Raft {
        /// Sender.
        from: MemberId,
        /// The group.
        group: GroupId,
        /// The message; its spans describe `entries`.
        message: raft::message::Message,
        /// The entries that came with it.
        entries: Entries,
    },
    /// Requests can be sent to a member.
    Connected(MemberId),
    /// The connection to a member broke: what was under way to it is lost, and answers to it, too.
    Disconnected(MemberId),
    /// A worker is done.
    Done(Done),
    /// A group's code is here.
    Attach(Attachment),
    /// The code of these groups, which was attached, is nobody's.
    Detach(Vec<GroupId>),
}

/// The code of a resource's groups, from whoever opened it.
#[derive(Debug)]
pub(crate) struct Attachment {
    /// The resource's name.
    pub resource: String,
    /// The groups, and the state of each before its first entry.
    pub groups: Vec<(GroupId, Box<dyn Machine>)>,
    /// Which commands there are, and whether arguments fit.
    pub checker: Arc<dyn Checker>,
    /// Told when the groups take requests: `Busy` if the code of one is here already, `NoLeader` before the
    /// cluster is formed; then none of them was given any.
    pub done: oneshot::Sender<Result<(), Failure>>,
}

/// How a shard is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShardStatus {
    /// Its groups.
    pub groups: Vec<GroupStatus>,
    /// What its journal made durable.
    pub flushed: Flushed,
    /// Requests that it has passed on to other members since it was made.
    pub forwarded: u64,
}

/// How one group is doing on this member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GroupStatus {
    /// The group.
    pub group: GroupId,
    /// The core's view.
    pub raft: raft::state::Status,
    /// Last entry the state machine has applied.
    pub applied: Index,
    /// How often this process found that another member had lost what it had acknowledged.
    pub lost_entries_found: u64,
    /// The group has stopped on this member: its log cannot be read, or its program does not understand it.
    pub halted: bool,
}
