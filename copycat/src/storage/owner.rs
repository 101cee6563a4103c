//! Whose journal it is.

use crate::codec::ids::MemberId;
use std::fmt;

/// Stamped into every segment, so that a directory cannot serve another member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    /// The random name of the member's data directory.
    pub storage: u128,
    /// The member.
    pub member: MemberId,
    /// Shard within the member, from 0.
    pub shard: u32,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shard {} of member {} in directory {:032x}", self.shard, self.member, self.storage)
    }
}
