//! The output of the core: what the owner must do, in order.

use super::message::Message;
use super::read_queue::ReadTicket;
use super::token::Token;
use crate::codec::configuration::Configuration;
use crate::codec::ids::{Index, MemberId, Term};
use crate::codec::terms::LogId;

/// One thing that the owner must do. The contract with the owner is in the folder's `mod.rs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Write term and vote, after everything written before.
    SaveVote {
        /// The current term.
        term: Term,
        /// The member that got the vote in this term, if any.
        vote: Option<MemberId>,
    },
    /// Write the entries of the message that is being received, from `first` on. They replace all entries that are
    /// stored at `first` and after it.
    Append {
        /// The index of the first entry to write. The log holds those before it.
        first: Index,
    },
    /// Encode and write an entry that the core itself makes.
    AppendInternal {
        /// The term and index of the entry.
        id: LogId,
        /// The content of the entry.
        entry: InternalEntry,
    },
    /// Send a message once `after` is durable.
    Send {
        /// The receiver.
        to: MemberId,
        /// The message. The owner still has to attach the entries of an append.
        message: Message,
        /// The token to wait for. `Token::ZERO`: the message leaves now, without waiting for any flush.
        after: Token,
    },
    /// Everything up to `index` is committed and may be applied. The index only grows.
    Commit {
        /// The new commit index.
        index: Index,
    },
    /// Reads up to and including ticket `through` may be answered from a state that has applied `index`.
    ReadReady {
        /// The last confirmed ticket.
        through: ReadTicket,
        /// The index that their answers must reflect.
        index: Index,
    },
    /// The leadership ended. Reads that are not ready are aborted.
    ReadsLost,
    /// A follower no longer holds entries that it acknowledged to this leader as durable. Its disk lied or was damaged,
    /// and an operator has to know. Its earlier acknowledgements no longer count; new ones will.
    FollowerLostEntries {
        /// The follower.
        peer: MemberId,
        /// The first entry that is missing there.
        first: Index,
        /// The last entry that the follower had acknowledged.
        last: Index,
    },
    /// Role, term or leader changed. Comes at most once per call, with the values at the end of the call.
    Role {
        /// The role of this member.
        role: Role,
        /// The current term.
        term: Term,
        /// The leader of that term, if known.
        leader: Option<MemberId>,
    },
}

/// An entry without a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InternalEntry {
    /// The empty entry that a new leader commits first.
    Noop,
    /// A configuration: the voters and learners.
    Configuration(Configuration),
}

/// The role of a member in its term.
// Rule: Raft figure 4
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Answers leaders and candidates.
    Follower,
    /// Asks in a pre-vote whether it would win an election.
    PreCandidate,
    /// Asks for votes.
    Candidate,
    /// Replicates its log to the others.
    Leader,
}

/// A reusable list of effects, filled by the core and drained by the owner.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    list: Vec<Effect>,
}

impl Effects {
    /// Removes and returns all effects, in the order in which they must be carried out. Keeps the memory.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Effect> + '_ {
        self.list.drain(..)
    }

    /// Returns whether there are no effects.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn push(&mut self, effect: Effect) {
        self.list.push(effect);
    }
}
