//! Who is there: the handshake that opens every connection.

use super::formation::Formation;
use crate::codec::ids::MemberId;
use thiserror::Error;

/// Version of everything in this folder. A peer of another version is refused.
pub(crate) const VERSION: u16 = 1;

/// Which of the two connections between a pair of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum LaneKind {
    /// Votes, heartbeats and their replies, formation.
    Control = 1,
    /// Appends and their replies, requests and results.
    Bulk = 2,
}

/// What a process is to the one it calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A member of the cluster, or of one that is to be formed.
    Member {
        /// Its id.
        id: MemberId,
        /// The random name of its storage, chosen when its directory was made.
        storage: u128,
        /// What the connection is for.
        lane: LaneKind,
    },
    /// A remote handle.
    Client,
}

/// The first message on a connection, from the side that dialed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hello {
    /// The caller's [`VERSION`].
    pub version: u16,
    /// What the caller is.
    pub role: Role,
    /// The cluster the caller belongs to, or looks for; 0: none yet, or any.
    pub cluster: u128,
    /// Whom the caller believes to have reached; `None`: any member will do.
    pub expected: Option<MemberId>,
}

/// What a member says of itself: the answer to a [`Hello`] that is let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Its id.
    pub member: MemberId,
    /// The random name of its storage.
    pub storage: u128,
    /// The cluster it belongs to and who formed it; `None` while it was not formed.
    pub formation: Option<Formation>,
}

impl Identity {
    /// The cluster's id, 0 while there is none.
    pub(crate) fn cluster(&self) -> u128 {
        self.formation.as_ref().map_or(0, |formation| formation.cluster)
    }
}

/// Why a connection is not let in, or, on the dialing side, not used. Nothing was exchanged on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[repr(u16)]
pub(crate) enum Refusal {
    /// The two sides speak different versions.
    #[error("the two sides speak different versions of the protocol")]
    WrongVersion = 1,
    /// The two sides belong to different clusters.
    #[error("the other side belongs to another cluster")]
    WrongCluster = 2,
    /// The caller is no member of the cluster.
    #[error("the member is not known to the cluster")]
    UnknownMember = 3,
    /// Both sides claim the same member id.
    #[error("two processes claim the same member id")]
    DuplicateMember = 4,
    /// The member has another storage than the one that the cluster was formed with.
    #[error("the member's storage is not the one the cluster knows it by")]
    WrongStorage = 5,
    /// The address belongs to another member than the caller expected.
    #[error("the address belongs to another member")]
    NotMe = 6,
    /// All connections are taken; later it may work.
    #[error("too many connections")]
    TooManyConnections = 7,
}
