//! How the core says no. Neither error changes any state.

use crate::codec::ids::{Index, MemberId, Term};
use crate::codec::terms::LogId;

/// The member does not lead the group. Nothing was appended, no read was registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the leader in term {term}")]
pub(crate) struct NotLeader {
    /// The term this member is in.
    pub term: Term,
    /// Who leads that term, if this member knows.
    pub leader: Option<MemberId>,
}

/// A message that no correct member sends. It was dropped: no state changed, no effect was made.
/// The owner should log it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidMessage {
    /// It claims to come from this member itself.
    #[error("a message from this member to itself")]
    FromMyself,
    /// A term or an index so large that the group could not go on from it, or a request of no term. Nothing was adopted.
    #[error("term {term} or index {index} is out of range")]
    OutOfRange {
        /// The largest term it names.
        term: Term,
        /// The largest index it names.
        index: Index,
    },
    /// Entries that do not follow each other, or whose terms fall. Nothing was stored.
    #[error("entries out of order at ({},{})", at.term, at.index)]
    Disordered {
        /// The first that is out of order.
        at: LogId,
    },
    /// Two members claim to lead one term, which contradicts election safety. The first one is kept.
    #[error("{second} claims term {term}, which {first} leads")]
    SecondLeader {
        /// The term both claim.
        term: Term,
        /// The leader this member follows, or is.
        first: MemberId,
        /// The one that was refused.
        second: MemberId,
    },
    /// An entry that contradicts a committed one. A leader has all of those. Nothing was cut.
    #[error("entry {index} of term {theirs} contradicts the committed one of term {ours}")]
    ContradictsCommitted {
        /// The committed index.
        index: Index,
        /// The term committed there.
        ours: Term,
        /// The term the message has there.
        theirs: Term,
    },
    /// A reply to something that was never sent: an index beyond the log, a round not yet begun.
    /// Nothing was counted.
    #[error("acknowledges {claimed}, but only {sent} was ever sent")]
    NeverSent {
        /// What the reply names.
        claimed: u64,
        /// The largest that was sent.
        sent: u64,
    },
}
