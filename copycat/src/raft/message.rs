//! What members say to each other. Entries are named by term and index only: the owner attaches their bytes on the way
//! out, and describes them again on the way in.

use super::error::InvalidMessage;
use crate::codec::configuration::Configuration;
use crate::codec::ids::{INDEX_MAX, Index, TERM_MAX, Term};
use crate::codec::terms::{LogId, Spans};

/// One message of the consensus core between two members of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// A candidate asks for a vote, or, with `pre`, whether it would get one.
    RequestVote {
        /// The term that it campaigns in; with `pre` the term that it would campaign in.
        term: Term,
        /// Its last entry, with which voters compare theirs.
        last: LogId,
        /// It only asks in advance: nothing is promised, and nobody changes its term.
        pre: bool,
        /// Numbers the campaign, so that its answers can be told from those to an earlier one.
        campaign: u64,
    },
    /// The answer to `RequestVote`.
    Vote {
        /// If a pre-vote is granted, the term that was asked about. Otherwise the voter's own, so that a candidate of an
        /// old term learns of it.
        term: Term,
        /// Whether the vote is given.
        granted: bool,
        /// It answers a pre-vote.
        pre: bool,
        /// The campaign that is answered, as the request named it.
        campaign: u64,
    },
    /// AppendEntries. The owner may split it into several consecutive ones.
    Append {
        /// The leader's term.
        term: Term,
        /// The entry that the follower must hold directly before the first one here.
        prev: LogId,
        /// The leader's commit index.
        commit: Index,
        /// The entries, from `prev.index + 1` on; none in some probes.
        spans: Spans,
        /// Those of the entries that are configurations, ascending.
        configurations: Vec<(Index, Configuration)>,
    },
    /// The answer to `Append`.
    AppendReply {
        /// The follower's term.
        term: Term,
        /// What became of the entries.
        result: AppendResult,
    },
    /// The leader lives. It is numbered, because its answer confirms reads and the lease. It may overtake appends on the
    /// way.
    Heartbeat {
        /// The leader's term.
        term: Term,
        /// The leader's commit index, but never beyond what this follower acknowledged.
        commit: Index,
        /// The round of heartbeats it belongs to, counted per leadership.
        round: u64,
        /// Something waits for the answer: a read, or entries that were not acknowledged. Otherwise the answer may be
        /// held back a little, until there is more to be sent with it.
        urgent: bool,
    },
    /// The answer to `Heartbeat`. It confirms the leadership, and waits for no entry. It also tells how far the follower
    /// is, so that lost appends are sent again, and lost answers to them do no harm.
    HeartbeatReply {
        /// The follower's term.
        term: Term,
        /// The round that is answered.
        round: u64,
        /// How far the follower's log agrees with this leader's, durable or not. So the leader can tell appends that were
        /// lost from appends that wait for a disk.
        verified: Index,
        /// How far of that is durable. It acknowledges these entries, as an `AppendReply` does.
        durable: Index,
        /// Where the follower's log ends, whether it agrees or not; never before `verified`. What the follower
        /// acknowledged in this term is in its log for as long as the term lasts, unless a disk lost it.
        last: Index,
    },
}

/// What became of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AppendResult {
    /// Everything up to `matched` agrees with the leader's log and is durable here.
    Accepted {
        /// Last index of the append.
        matched: Index,
    },
    /// The entry at `prev` is missing or of another term. Nothing was stored.
    Rejected {
        /// The index that was asked for. It tells which append this answers.
        prev: Index,
        /// The last entry of the follower that may still agree.
        hint: LogId,
    },
}

impl Message {
    /// The term the message speaks of.
    pub(crate) fn term(&self) -> Term {
        match *self {
            Message::RequestVote { term, .. }
            | Message::Vote { term, .. }
            | Message::Append { term, .. }
            | Message::AppendReply { term, .. }
            | Message::Heartbeat { term, .. }
            | Message::HeartbeatReply { term, .. } => term,
        }
    }

    /// Whether entries are still to be attached to it.
    pub(crate) fn has_entries(&self) -> bool {
        matches!(self, Message::Append { spans, .. } if !spans.is_empty())
    }

    /// Whether it answers something that its receiver sent.
    pub(super) fn is_reply(&self) -> bool {
        matches!(self, Message::Vote { .. } | Message::AppendReply { .. } | Message::HeartbeatReply { .. })
    }

    /// Checks what can be checked without knowing the receiver: bounds, and that the entries of an append follow each
    /// other and their terms do not fall.
    pub(super) fn validate(&self) -> Result<(), InvalidMessage> {
        let (term, index) = match self {
            Message::RequestVote { last, .. } => (last.term, last.index),
            Message::Append { prev, commit, .. } => (prev.term, prev.index.max(*commit)),
            Message::AppendReply { result: AppendResult::Accepted { matched }, .. } => (0, *matched),
            Message::AppendReply { result: AppendResult::Rejected { prev, hint }, .. } => {
                (hint.term, hint.index.max(*prev))
            }
            Message::Heartbeat { commit, .. } => (0, *commit),
            Message::HeartbeatReply { verified, last, .. } => (0, (*verified).max(*last)),
            Message::Vote { .. } => (0, 0),
        };
        // Nobody leads or campaigns before the first term.
        let none = self.term() == 0 && !self.is_reply();
        if none || self.term().max(term) > TERM_MAX || index > INDEX_MAX {
            return Err(InvalidMessage::OutOfRange { term: self.term().max(term), index });
        }
        match self {
            Message::Append { term, prev, spans, configurations, .. } => {
                validate_entries(*term, *prev, spans, configurations)
            }
            _ => Ok(()),
        }
    }
}

/// The terms of entries never fall, and are at most that of the leader.
fn validate_entries(
    term: Term,
    prev: LogId,
    spans: &Spans,
    configurations: &[(Index, Configuration)],
) -> Result<(), InvalidMessage> {
    let mut at = prev;
    if at.term > term {
        return Err(InvalidMessage::Disordered { at });
    }
    for span in spans.iter() {
        let follows = span.first == at.index + 1 && span.last >= span.first;
        if !follows || span.term < at.term.max(1) || span.term > term {
            return Err(InvalidMessage::Disordered { at: LogId::new(span.term, span.first) });
        }
        if span.last > INDEX_MAX {
            return Err(InvalidMessage::OutOfRange { term, index: span.last });
        }
        at = LogId::new(span.term, span.last);
    }
    let mut before = prev.index;
    for (index, _) in configurations {
        if *index <= before || *index > at.index {
            return Err(InvalidMessage::Disordered { at: LogId::new(term, *index) });
        }
        before = *index;
    }
    assert!(prev.index <= before && before <= at.index, "configurations are among the entries");
    Ok(())
}
