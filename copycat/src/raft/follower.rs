//! The follower's side of replication: appends, heartbeats, and the answer to a leader of an earlier term.

use super::conflict;
use super::effect::{Effect, Effects};
use super::message::{AppendResult, Message};
use super::server::Server;
use crate::codec::configuration::Configuration;
use crate::codec::ids::{Index, MemberId};
use crate::codec::log_shape::LogShape;
use crate::codec::terms::{LogId, Spans};

/// The content of an `Append` message.
#[derive(Debug)]
pub(super) struct AppendRequest {
    /// The entry that this log must hold directly before the first new one.
    pub(super) prev: LogId,
    /// The leader's commit index.
    pub(super) commit: Index,
    pub(super) spans: Spans,
    /// The configurations among the entries, ascending.
    pub(super) configurations: Vec<(Index, Configuration)>,
}

impl AppendRequest {
    /// Returns the last index up to which the log agrees with the leader's once it holds the entries.
    fn end(&self) -> Index {
        self.prev.index + self.spans.count()
    }
}

/// Handles an append: stores its entries if the log holds `prev`, and answers.
pub(super) fn append(server: &mut Server, from: MemberId, entries: AppendRequest, fx: &mut Effects) {
    assert_eq!(server.leader, Some(from), "only the leader of the term appends");
    let prev = entries.prev;
    // A snapshot covers only committed entries, and a leader holds all of those.
    // Rule: Raft figure 2, AppendEntries 2
    // Rule: Raft figure 3, Log Matching
    let agrees = prev.index < server.log.base().index || server.log.matches(prev);
    let (result, after) = if agrees {
        let matched = accept(server, entries, fx);
        (AppendResult::Accepted { matched }, server.token().at(matched))
    } else {
        (AppendResult::Rejected { prev: prev.index, hint: hint(server, prev) }, server.epoch_start())
    };
    server.send(from, Message::AppendReply { term: server.term, result }, after, fx);
}

/// Stores the missing entries of an append whose `prev` agrees. Returns the last index that is then known to agree.
fn accept(server: &mut Server, entries: AppendRequest, fx: &mut Effects) -> Index {
    let (matched, commit) = (entries.end(), entries.commit);
    if let Some(first) = first_to_store(&server.log, entries.prev, &entries.spans) {
        store(server, first, entries, fx);
    }
    assert!(matched <= server.log.last().index, "the log ends before what was stored");
    server.verified = server.verified.max(matched);
    // Only entries that the leader of this term has shown to be the same here may be committed.
    // Rule: Raft figure 2, AppendEntries 5
    server.commit_to(commit.min(matched), fx);
    matched
}

/// Returns the index of the first entry that the log does not hold. A repeated append has none, so it cuts nothing.
// Rule: Raft §5.5
fn first_to_store(log: &LogShape, prev: LogId, spans: &Spans) -> Option<Index> {
    if prev == log.last() {
        return (!spans.is_empty()).then_some(prev.index + 1);
    }
    conflict::find_conflict(log, spans)
}

/// Stores the entries from `first` on. If the log has an entry there, it is cut from that entry on.
fn store(server: &mut Server, first: Index, entries: AppendRequest, fx: &mut Effects) {
    let AppendRequest { spans, configurations, .. } = entries;
    assert!(first > server.commit, "stores {first}, but {} is committed", server.commit);
    // Rule: Raft figure 2, AppendEntries 3
    if first <= server.log.last().index {
        server.truncate(first);
    }
    // Rule: Raft figure 2, AppendEntries 4
    for span in spans.iter().filter(|span| span.last >= first) {
        server.append(span.term, span.last - span.first.max(first) + 1);
    }
    for (index, configuration) in configurations.into_iter().filter(|(index, _)| *index >= first) {
        server.adopt(index, configuration);
    }
    assert_eq!(spans.last(), Some(server.log.last()), "the log ends with the append");
    fx.push(Effect::Append { first });
}

/// Returns the last entry that may still agree with a leader that holds `prev`. Committed entries always agree.
fn hint(server: &Server, prev: LogId) -> LogId {
    let agreeable = conflict::find_conflict_by_term(&server.log, prev);
    assert!(agreeable.index <= server.log.last().index, "a hint beyond the log: {agreeable:?}");
    match server.log.term(server.commit) {
        Some(term) if agreeable.index < server.commit => LogId::new(term, server.commit),
        _ => agreeable,
    }
}

/// The content of a `Heartbeat` message.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeartbeatRequest {
    /// The leader's commit index, or the last index that this follower acknowledged.
    pub(super) commit: Index,
    pub(super) round: u64,
    /// Whether the leader proposes that the group becomes quiet.
    pub(super) quiet: bool,
}

/// Handles a heartbeat. Its commit index is valid here as far as the leader's appends have verified this log.
pub(super) fn heartbeat(server: &mut Server, from: MemberId, request: HeartbeatRequest, fx: &mut Effects) {
    assert_eq!(server.leader, Some(from), "only the leader of the term sends heartbeats");
    let HeartbeatRequest { commit, round, quiet } = request;
    server.commit_to(commit.min(server.verified), fx);
    server.quiet = quiet && server.may_be_quiet();
    let (term, verified, last) = (server.term, server.verified, server.log.last().index);
    let (durable, quiet) = (server.durable_index().min(verified), server.quiet);
    let reply = Message::HeartbeatReply { term, round, verified, durable, last, quiet };
    // It waits for the write that began the epoch (a term, or entries that replaced others), not for later entries.
    // So reads and the lease do not depend on a disk, except right after such a write.
    server.send(from, reply, server.epoch_start(), fx);
}

/// Answers a request of an earlier term with the current term. Replies of an earlier term are ignored.
///
/// The answer names no round and no index: both are 0, and rounds and entries begin with 1. The sender may lead the
/// current term when the answer arrives, and must not take it for an answer to a request of that term.
// Rule: Raft figure 2, AppendEntries 1
pub(super) fn answer_stale(server: &Server, from: MemberId, message: &Message, fx: &mut Effects) {
    assert!(message.term() < server.term, "answers the current term as an old one");
    let term = server.term;
    let reply = match *message {
        Message::Append { .. } => {
            let result = AppendResult::Rejected { prev: 0, hint: LogId::ZERO };
            Message::AppendReply { term, result }
        }
        Message::Heartbeat { .. } => {
            Message::HeartbeatReply { term, round: 0, verified: 0, durable: 0, last: 0, quiet: false }
        }
        _ => return,
    };
    server.send(from, reply, server.epoch_start(), fx);
}
