//! Who formed the cluster.

use crate::codec::ids::MemberId;

/// The act of founding: recorded durably by every voter, once, and never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Formation {
    /// The cluster's random id; never 0.
    pub cluster: u128,
    /// The founding voters and the random names of their storages; ascending by id, without duplicates.
    pub members: Vec<(MemberId, u128)>,
}
