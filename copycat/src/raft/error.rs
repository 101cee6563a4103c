//! The errors of the core. No call that returns one has changed any state.

use crate::codec::ids::{Index, MemberId, Term};
use crate::codec::terms::LogId;

/// The member does not lead the group. Nothing was appended, no read was registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the leader in term {term}")]
pub(crate) struct NotLeader {
    /// The current term of this member.
    pub term: Term,
    /// The leader of that term, if this member knows it.
    pub leader: Option<MemberId>,
}

/// A message that no correct member sends. It was dropped: no state changed, no effect was made.
/// The owner should log it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidMessage {
    /// The message claims to come from this member itself.
    #[error("a message from this member to itself")]
    FromMyself,
    /// The message names a term or an index that is too large for the group to continue from, or is a request without a
    /// term. Nothing was adopted.
    #[error("term {term} or index {index} is out of range")]
    OutOfRange {
        /// The largest term in the message.
        term: Term,
        /// The largest index in the message.
        index: Index,
    },
    /// The entries are not consecutive, or their terms fall. Nothing was stored.
    #[error("entries out of order at ({},{})", at.term, at.index)]
    Disordered {
        /// The first entry that is out of order.
        at: LogId,
    },
    /// Two members claim to lead one term, which contradicts election safety. The first one is kept.
    #[error("{second} claims term {term}, which {first} leads")]
    SecondLeader {
        /// The term that both claim.
        term: Term,
        /// The leader that this member follows, or this member itself.
        first: MemberId,
        /// The member that was refused.
        second: MemberId,
    },
    /// An entry contradicts a committed one, although a leader has all committed entries. Nothing was cut.
    #[error("entry {index} of term {theirs} contradicts the committed one of term {ours}")]
    ContradictsCommitted {
        /// The committed index.
        index: Index,
        /// The term of the committed entry.
        ours: Term,
        /// The term of the entry in the message.
        theirs: Term,
    },
    /// The reply acknowledges something that cannot be: an index beyond the leader's log, a round that has not begun,
    /// or durable entries beyond those that agree. Nothing was counted.
    #[error("acknowledges {claimed}, which is beyond {sent}")]
    NeverSent {
        /// The index or round in the reply.
        claimed: u64,
        /// The largest index or round that it may acknowledge.
        sent: u64,
    },
}
