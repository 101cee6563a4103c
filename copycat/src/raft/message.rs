//! The messages between members. They name entries by term and index only: the owner attaches the bytes when it sends a
//! message, and describes the entries again when it receives one.

use super::error::InvalidMessage;
use crate::codec::configuration::Configuration;
use crate::codec::ids::{INDEX_MAX, Index, TERM_MAX, Term};
use crate::codec::terms::{LogId, Spans};

/// One message of the consensus core between two members of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// The request of a candidate for a vote. With `pre` it asks whether it would get one.
    RequestVote {
        /// The term in which the candidate campaigns; with `pre` the term in which it would campaign.
        term: Term,
        /// The candidate's last entry, with which voters compare their own.
        last: LogId,
        /// Whether this is a pre-vote: no vote is saved, and no voter changes its term.
        pre: bool,
        /// The number of the campaign. It tells the answers to it from those to an earlier one.
        campaign: u64,
    },
    /// The answer to `RequestVote`.
    Vote {
        /// The term that was asked about, if a pre-vote is granted. Otherwise the voter's own term, so that a candidate
        /// of an earlier term learns it.
        term: Term,
        /// Whether the vote is granted.
        granted: bool,
        /// Whether this answers a pre-vote.
        pre: bool,
        /// The number of the campaign, as in the request.
        campaign: u64,
    },
    /// AppendEntries. The owner may split it into several consecutive messages.
    Append {
        /// The leader's term.
        term: Term,
        /// The entry that the follower must hold directly before the first one here.
        prev: LogId,
        /// The leader's commit index.
        commit: Index,
        /// The entries, from `prev.index + 1` on. Some probes have no entries.
        spans: Spans,
        /// The configurations among the entries, ascending.
        configurations: Vec<(Index, Configuration)>,
    },
    /// The answer to `Append`.
    AppendReply {
        /// The follower's term.
        term: Term,
        /// The result of the append.
        result: AppendResult,
    },
    /// The message by which a leader says that it lives. It has a round number, because its answer confirms reads and
    /// the lease. It may overtake appends in flight.
    Heartbeat {
        /// The leader's term.
        term: Term,
        /// The leader's commit index, or the last index that this follower acknowledged, if that is lower.
        commit: Index,
        /// The round of heartbeats, counted per leadership.
        round: u64,
        /// Whether something waits for the answer: a read, or entries that were not acknowledged. Otherwise the
        /// follower may delay the answer a little, to send it together with others.
        urgent: bool,
        /// Whether the leader will send no more heartbeats once all followers have agreed to that, because nothing
        /// happens in the group; see [`quiet`](super::quiet). Never together with `urgent`.
        quiet: bool,
    },
    /// The answer to `Heartbeat`. It confirms the leadership, and does not wait until entries are durable, unless they
    /// replaced others. It also reports the follower's progress, so that lost appends are sent again, and lost answers
    /// to appends do no harm.
    HeartbeatReply {
        /// The follower's term.
        term: Term,
        /// The round that is answered.
        round: u64,
        /// The last index up to which the follower's log agrees with this leader's, durable or not. So the leader can
        /// tell lost appends from appends that wait for a disk.
        verified: Index,
        /// The last of those indexes that is durable. It acknowledges entries, as an `AppendReply` does.
        durable: Index,
        /// The last index of the follower's log, whether it agrees or not; never before `verified`. Within a term,
        /// acknowledged entries stay in the log. So if a round that began after an acknowledgement finds a lower
        /// `last`, a disk lost entries.
        last: Index,
        /// Whether the follower agrees that the group becomes quiet.
        quiet: bool,
    },
}

/// The result of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AppendResult {
    /// Everything up to `matched` agrees with the leader's log and is durable here.
    Accepted {
        /// The last index of the append.
        matched: Index,
    },
    /// The entry at `prev` is missing or of another term. Nothing was stored.
    Rejected {
        /// The index of `prev` in the append. It tells which append this answers.
        prev: Index,
        /// The last entry of the follower that may still agree with the leader's log.
        hint: LogId,
    },
}

impl Message {
    /// Returns the term that the message names.
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

    /// Returns whether the owner has to attach entries.
    pub(crate) fn has_entries(&self) -> bool {
        matches!(self, Message::Append { spans, .. } if !spans.is_empty())
    }

    /// Returns whether this is an answer to a request of the receiver.
    pub(super) fn is_reply(&self) -> bool {
        matches!(self, Message::Vote { .. } | Message::AppendReply { .. } | Message::HeartbeatReply { .. })
    }

    /// Returns the field `quiet` of a heartbeat or of the answer to one.
    pub(crate) fn quiet_mut(&mut self) -> Option<&mut bool> {
        match self {
            Message::Heartbeat { quiet, .. } | Message::HeartbeatReply { quiet, .. } => Some(quiet),
            _ => None,
        }
    }

    /// Checks everything that does not depend on the receiver: bounds, and that the entries of an append are
    /// consecutive and their terms do not fall.
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
        // No member leads or campaigns before the first term.
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

/// Checks that entries are consecutive, and that their terms never fall and are at most that of the leader.
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
