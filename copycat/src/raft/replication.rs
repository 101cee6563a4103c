//! The leader's side of replication, and what it commits.

use super::conflict;
use super::effect::{Effect, Effects};
use super::leadership::Leader;
use super::message::{AppendResult, Message};
use super::read::ReadBatch;
use super::server::Server;
use super::token::Token;
use crate::codec::ids::{Index, MemberId};
use crate::codec::terms::{LogId, Span};

/// Most entries in one proposal, so that no index can run over.
const PROPOSED_MAX: u64 = 1 << 32;

impl Leader<'_> {
    /// Appends `count` entries of the current term, at least one. Term and indexes are given in one step: no proposal
    /// can ever be stamped with a term that it was not verified in.
    // Rule: Raft figure 2, Leaders 2
    pub(super) fn propose(&mut self, count: u64, fx: &mut Effects) -> Span {
        assert!((1..=PROPOSED_MAX).contains(&count), "proposes {count} entries at once");
        let span = self.server.append(self.server.term, count);
        assert!(span.first > self.leadership.term_start, "a proposal before the first entry of the term");
        self.replicate(fx);
        span
    }

    /// Sends everyone what there is, as far as the windows allow. Nothing waits for the leader's own flush, which runs
    /// at the same time as the followers'.
    // Rule: thesis §10.2.1
    pub(super) fn replicate(&mut self, fx: &mut Effects) {
        for at in 0..self.leadership.peers.len() {
            self.replicate_to(at, fx);
        }
    }

    /// The same for one follower.
    // Rule: Raft figure 2, Leaders 3
    pub(super) fn replicate_to(&mut self, at: usize, fx: &mut Effects) {
        let (server, last) = (&*self.server, self.server.log.last().index);
        let round = self.leadership.rounds.newest();
        let (to, progress) = &mut self.leadership.peers[at];
        while progress.may_send(last, server.options.inflight_max) {
            assert!(
                progress.next() <= last + 1,
                "goes on at {}, but the log ends with {last}",
                progress.next()
            );
            // Compacted away: only a snapshot could help this follower.
            let Some(prev) = server.log.sendable_after(progress.next() - 1) else { return };
            let up_to = match progress.wants_entries() {
                true => last.min(prev.index.saturating_add(server.options.entries_max)),
                false => prev.index,
            };
            progress.sent(up_to, round);
            server.send(*to, append_message(server, prev, up_to), Token::ZERO, fx);
        }
    }

    /// A follower answered an append of this term.
    pub(super) fn append_reply(&mut self, at: usize, result: AppendResult, fx: &mut Effects) {
        let round = self.leadership.rounds.newest();
        let progress = &mut self.leadership.peers[at].1;
        progress.hear(self.server.now);
        match result {
            AppendResult::Accepted { matched } => {
                assert!(matched <= self.server.log.last().index, "checked on arrival");
                // What is committed already cannot commit anything else.
                if progress.accept(matched, round) && matched > self.server.commit {
                    self.commit_by_counting(fx);
                }
            }
            AppendResult::Rejected { prev, hint } => {
                let bound = LogId::new(hint.term, hint.index.min(prev));
                progress.reject(prev, conflict::find_conflict_by_term(&self.server.log, bound).index);
            }
        }
        self.replicate_to(at, fx);
    }

    /// Commits what a majority holds durably. The leader counts itself only for what its own disk has finished.
    pub(super) fn commit_by_counting(&mut self, fx: &mut Effects) {
        let own = self.server.durable_index();
        if let Some(index) = self.leadership.committable(self.server, own) {
            let term = self.server.log.term(index);
            assert_eq!(term, Some(self.server.term), "only entries of the own term commit by counting");
            assert!(index >= self.leadership.term_start, "commits {index} before the own first entry");
            self.server.commit_to(index, fx);
            push_ready(self.leadership.reads.committed(index), fx);
        }
    }

    /// What was on its way to `peer` is lost.
    pub(super) fn disconnected(&mut self, peer: MemberId) {
        if let Some(at) = self.leadership.position(peer) {
            self.leadership.peers[at].1.disconnect();
        }
    }

    /// An append to `peer` found no room on its way, from the entry `first` on.
    pub(super) fn refused(&mut self, peer: MemberId, first: Index) {
        let last = self.server.log.last().index;
        assert!(first <= last, "{first} found no room on its way, and the log ends with {last}");
        if let Some(at) = self.leadership.position(peer) {
            self.leadership.peers[at].1.refuse(first);
        }
    }
}

/// The entries behind `prev` up to `last`.
fn append_message(server: &Server, prev: LogId, last: Index) -> Message {
    assert!(server.log.matches(prev), "the log does not hold {prev:?}");
    Message::Append {
        term: server.term,
        prev,
        commit: server.commit,
        spans: server.log.spans(prev.index + 1, last),
        configurations: server.configurations.within(prev.index + 1, last),
    }
}

/// ReadIndexQueue that may be answered now.
// Rule: thesis §6.4 (4)
pub(super) fn push_ready(ready: Option<ReadBatch>, fx: &mut Effects) {
    if let Some(batch) = ready {
        fx.push(Effect::ReadReady { through: batch.through, index: batch.index });
    }
}
