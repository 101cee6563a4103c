//! What the core wants done, in order.

use super::message::Message;
use super::read::ReadTicket;
use super::token::Token;
use crate::codec::configuration::Configuration;
use crate::codec::ids::{Index, MemberId, Term};
use crate::codec::terms::LogId;

/// One thing that the owner must do. The contract with the owner is in the folder's `mod.rs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Write term and vote, behind everything written before.
    SaveVote {
        /// The current term.
        term: Term,
        /// Who got the vote in it.
        vote: Option<MemberId>,
    },
    /// Write the entries of the message that is being received, from `first` on. They replace whatever is stored at
    /// `first` and behind it.
    Append {
        /// Index of the first entry to write. The log holds those before it.
        first: Index,
    },
    /// Encode and write an entry that the core itself makes.
    AppendInternal {
        /// Its place.
        id: LogId,
        /// What it says.
        entry: InternalEntry,
    },
    /// Send, once `after` is durable.
    Send {
        /// To whom.
        to: MemberId,
        /// The message. The entries of an append are still to be attached.
        message: Message,
        /// `Token::ZERO`: now, without waiting for any flush.
        after: Token,
    },
    /// Everything up to `index` is committed and may be applied. Only ever grows.
    Commit {
        /// The new commit index.
        index: Index,
    },
    /// ReadIndexQueue up to and including ticket `through` may be answered from a state that has applied `index`.
    ReadReady {
        /// The last ticket confirmed.
        through: ReadTicket,
        /// The index their answer must reflect.
        index: Index,
    },
    /// Leadership ended: tickets that are not ready never will be.
    ReadsLost,
    /// A follower no longer holds entries that it acknowledged to this leader as durable. Its disk lied or was damaged, and
    /// an operator has to know. No acknowledgement of this follower counts any more, until it sends new ones.
    FollowerLostEntries {
        /// The follower.
        peer: MemberId,
        /// The first entry that is missing there.
        first: Index,
        /// The last that it had acknowledged.
        last: Index,
    },
    /// Role, term or leader changed; at most once per call, with what holds at its end.
    Role {
        /// What this member is now.
        role: Role,
        /// In which term.
        term: Term,
        /// Who leads it, if known.
        leader: Option<MemberId>,
    },
}

/// An entry without a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InternalEntry {
    /// The empty entry that a new leader commits first.
    Noop,
    /// Who votes.
    Configuration(Configuration),
}

/// What a member is in its term.
// Rule: Raft figure 4
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Answers the others.
    Follower,
    /// Asks in advance whether it would win an election.
    PreCandidate,
    /// Asks for votes.
    Candidate,
    /// Replicates its log to the others.
    Leader,
}

/// A reusable list of effects: filled by the core, drained by the owner.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    list: Vec<Effect>,
}

impl Effects {
    /// Takes everything out, in the order in which it must be carried out. Keeps the memory.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Effect> + '_ {
        self.list.drain(..)
    }

    /// Whether there is nothing to do.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn push(&mut self, effect: Effect) {
        self.list.push(effect);
    }
}
