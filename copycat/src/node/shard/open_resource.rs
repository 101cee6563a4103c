//! A resource that is open on this member.

use super::super::machine::Checks;
use crate::codec::ids::GroupId;
use bytes::Bytes;

/// A resource that is open on this member.
#[derive(Debug)]
pub(crate) struct OpenResource {
    /// The name.
    pub name: String,
    /// The groups of its partitions, in their order.
    pub groups: Vec<GroupId>,
    /// The commands that this program has for it.
    pub checks: Checks,
    /// The encoded schema of these commands.
    pub encoded: Bytes,
}

/// What the groups of a resource say of its commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RecordState {
    /// The commands on record are those of this program, in every group.
    Same,
    /// In some group they are not, or nothing is on record yet.
    Other,
    /// They contradict this program. It takes no part, so whether it has a command concerns nobody.
    Conflict,
}
