//! What the core wants done, in order.

use super::message::Message;
use super::read::ReadTicket;
use super::token::Token;
use crate::codec::configuration::Configuration;
use crate::codec::ids::{Index, MemberId, Term};
use crate::codec::terms::LogId;

/// One thing the owner must do. The contract is in the folder's first file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Write term and vote, behind everything written before.
    SaveVote {
        /// The current term.
        term: Term,
        /// Who got the vote in it.
        vote: Option<MemberId>,
    },
    /// Write the entries of the message being received, from `first` on. They replace whatever is
    /// stored at `first` and behind.
    Append {
        /// Index of the first entry to write; entries before it are already held.
        first: Index,
    },
    /// Encode and write an entry the core itself makes.
    AppendOwn {
        /// Its place.
        id: LogId,
        /// What it says.
        entry: OwnEntry,
    },
    /// Send, once `after` is durable.
    Send {
        /// To whom.
        to: MemberId,
        /// What; entries of an append are still to be attached.
        message: Message,
        /// `Token::ZERO`: now, without waiting for any flush.
        after: Token,
    },
    /// Everything up to `index` is committed and may be applied. Only ever grows.
    Commit {
        /// The new commit index.
        index: Index,
    },
    /// Reads up to and including ticket `through` may be answered from a state that has applied
    /// `index`.
    ReadReady {
        /// The last ticket confirmed.
        through: ReadTicket,
        /// The index their answer must reflect.
        index: Index,
    },
    /// Leadership ended: tickets that are not ready never will be.
    ReadsLost,
    /// A follower no longer holds entries that it had acknowledged as durable to this leader: its disk lied or was
    /// damaged, and an operator has to know. Nothing of it counts before it acknowledges again.
    PeerLost {
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
pub(crate) enum OwnEntry {
    /// The empty entry a new leader commits first (§8).
    Noop,
    /// Who votes.
    Configuration(Configuration),
}

/// What a member is in its term (figure 4, and thesis §9.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Answers.
    Follower,
    /// Asks whether an election could be won.
    PreCandidate,
    /// Asks for votes.
    Candidate,
    /// Replicates.
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
