//! The owner of a journal.

use crate::codec::ids::MemberId;
use std::fmt;

/// The owner of a journal, recorded in every segment, so that no member opens another member's directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    /// The id of the member's disk: random, chosen when the data directory was created.
    pub disk_id: u128,
    /// The id of the member.
    pub member: MemberId,
    /// The number of the shard within the member, from 0.
    pub shard: u32,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shard {} of member {} in directory {:032x}", self.shard, self.member, self.disk_id)
    }
}
