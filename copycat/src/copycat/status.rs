//! What a member says of itself.

use crate::node;
use crate::raft;
use crate::request::status::Role;
use crate::resource::state_machine::group_of;
use crate::storage::Flushed;

/// A member and its groups at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The member's id.
    pub member: u64,
    /// Its groups: one per partition of each resource that it knows of.
    pub groups: Vec<GroupStatus>,
    /// Its log.
    pub log: LogStatus,
    /// Requests that it has passed on to the leaders of their groups since it was opened: those of its own proxies,
    /// and those of remote handles that could not reach the leader themselves.
    pub forwarded: u64,
}

/// What a member's log has made durable since the member was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogStatus {
    /// Flushes that ended well. Each serves everything that waited for it, of all groups.
    pub flushes: u64,
    /// Frames they made durable: entries, terms and votes; what is recorded beside them is not counted.
    pub frames: u64,
    /// Bytes they wrote.
    pub bytes: u64,
}

/// One group, as one member sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupStatus {
    /// The group's number, made of the resource's name and the partition.
    pub group: u64,
    /// What this member is in it.
    pub role: Role,
    /// Its term.
    pub term: u64,
    /// The leader of that term, if this member knows.
    pub leader: Option<u64>,
    /// Last index known to be committed.
    pub commit: u64,
    /// Last index the state machine has applied.
    pub applied: u64,
    /// Last index in this member's log.
    pub last: u64,
}

impl Status {
    pub(super) fn new(member: u64, status: &node::ShardStatus) -> Status {
        let groups = status.groups.iter().map(GroupStatus::new).collect();
        let Flushed { flushes, frames, bytes } = status.flushed;
        Status { member, groups, log: LogStatus { flushes, frames, bytes }, forwarded: status.forwarded }
    }

    /// The status of one partition of a resource; `None` if this member does not know it.
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
