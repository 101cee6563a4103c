//! The status that a member reports of itself.

use crate::node;
use crate::raft;
use crate::request::status::Role;
use crate::resource::state_machine::group_of;
use crate::storage::Flushed;

/// The status of a member and its groups at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The member's id.
    pub member: u64,
    /// The groups of the member: one per partition of each resource that it knows.
    pub groups: Vec<GroupStatus>,
    /// The status of its log.
    pub log: LogStatus,
    /// The number of requests that it has forwarded to the leaders of their groups since it was opened. They came
    /// from its own proxies, and from remote handles that could not reach the leader themselves.
    pub forwarded: u64,
}

/// The totals of what a member's log has made durable since the member was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogStatus {
    /// The number of successful flushes. Each serves all writes that waited for it, of all groups.
    pub flushes: u64,
    /// The number of frames that these made durable: entries, terms and votes. Other records are not counted.
    pub frames: u64,
    /// The number of bytes that these wrote.
    pub bytes: u64,
}

/// The status of one group, as one member sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupStatus {
    /// The group's number, derived from the resource's name and the partition.
    pub group: u64,
    /// The role of this member in the group.
    pub role: Role,
    /// The term of this member in the group.
    pub term: u64,
    /// The id of the leader of that term, if this member knows it.
    pub leader: Option<u64>,
    /// The last index known to be committed.
    pub commit: u64,
    /// The last index that the state machine has applied.
    pub applied: u64,
    /// The last index in this member's log.
    pub last: u64,
}

impl Status {
    pub(super) fn new(member: u64, status: &node::ShardStatus) -> Status {
        let groups = status.groups.iter().map(GroupStatus::new).collect();
        let Flushed { flushes, frames, bytes } = status.flushed;
        Status { member, groups, log: LogStatus { flushes, frames, bytes }, forwarded: status.forwarded }
    }

    /// Returns the status of one partition of a resource, or `None` if this member does not know it.
    #[must_use]
    pub fn group(&self, resource: &str, partition: u32) -> Option<&GroupStatus> {
        let group = group_of(resource, partition).0;
        self.groups.iter().find(|status| status.group == group)
    }
}

impl GroupStatus {
    fn new(status: &node::GroupStatus) -> GroupStatus {
        let role = match status.raft.role {
            raft::effect::Role::Follower => Role::Follower,
            raft::effect::Role::PreCandidate | raft::effect::Role::Candidate => Role::Candidate,
            raft::effect::Role::Leader => Role::Leader,
        };
        GroupStatus {
            group: status.group.0,
            role,
            term: status.raft.term,
            leader: status.raft.leader.map(|leader| leader.0),
            commit: status.raft.commit,
            applied: status.applied,
            last: status.raft.last.index,
        }
    }
}
