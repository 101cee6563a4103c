//! The leader's side of replication: proposals, appends, and commits.

use super::conflict;
use super::effect::Effects;
use super::leadership::Leader;
use super::message::{AppendResult, Message};
use super::server::Server;
use super::token::Token;
use crate::codec::ids::{Index, MemberId};
use crate::codec::terms::{LogId, Span};

/// The largest number of entries in one proposal, so that no index can overflow.
const PROPOSED_MAX: u64 = 1 << 32;

impl Leader<'_> {
    /// Appends `count` entries of the current term, at least one. The check for leadership and the assignment of
    /// term and indexes are one step, so no proposal gets a term in which this member does not lead.
    // Rule: Raft figure 2, Leaders 2
    pub(super) fn propose(&mut self, count: u64, fx: &mut Effects) -> Span {
        assert!((1..=PROPOSED_MAX).contains(&count), "proposes {count} entries at once");
        self.leadership.idle.note_activity();
        let span = self.server.append(self.server.term, count);
        assert!(span.first > self.leadership.term_start, "a proposal before the first entry of the term");
        self.replicate(fx);
        span
    }

    /// Sends new entries to all followers, as far as their windows allow. Appends do not wait for the leader's own
    /// flush, which runs at the same time as the flushes of the followers.
    // Rule: thesis §10.2.1
    pub(super) fn replicate(&mut self, fx: &mut Effects) {
        for at in 0..self.leadership.peers.len() {
            self.replicate_to(at, fx);
        }
    }

    /// Sends new entries, or a probe, to one follower, as far as its window allows.
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
            // The entries are compacted away. Only a snapshot could help this follower.
            let Some(prev) = server.log.sendable_after(progress.next() - 1) else { return };
            let up_to = match progress.wants_entries() {
                true => last.min(prev.index.saturating_add(server.options.entries_max)),
                false => prev.index,
            };
            progress.sent(up_to, round);
            server.send(*to, append_message(server, prev, up_to), Token::ZERO, fx);
        }
    }

    /// Handles the answer of a follower to an append of this term.
    pub(super) fn append_reply(&mut self, at: usize, result: AppendResult, fx: &mut Effects) {
        let round = self.leadership.rounds.newest();
        let progress = &mut self.leadership.peers[at].1;
        progress.record_contact(self.server.now);
        match result {
            AppendResult::Accepted { matched } => {
                assert!(matched <= self.server.log.last().index, "checked on arrival");
                // An acknowledgement of committed entries cannot commit anything more.
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

    /// Commits the entries that a majority holds durably. The leader counts itself only up to its own durable index.
    pub(super) fn commit_by_counting(&mut self, fx: &mut Effects) {
        let own = self.server.durable_index();
        if let Some(index) = self.leadership.committable(self.server, own) {
            let term = self.server.log.term(index);
            assert_eq!(term, Some(self.server.term), "only entries of the own term commit by counting");
            assert!(index >= self.leadership.term_start, "commits {index} before the own first entry");
            self.server.commit_to(index, fx);
            self.commit_reads(index, fx);
        }
    }

    /// Records that all messages in flight to `peer` are lost.
    pub(super) fn disconnected(&mut self, peer: MemberId) {
        if let Some(at) = self.leadership.position(peer) {
            self.leadership.peers[at].1.disconnect();
        }
    }

    /// Records that an append to `peer` did not fit its send queue, from the entry `first` on.
    pub(super) fn send_queue_full(&mut self, peer: MemberId, first: Index) {
        let last = self.server.log.last().index;
        assert!(first <= last, "{first} found no space in the send queue, and the log ends with {last}");
        if let Some(at) = self.leadership.position(peer) {
            self.leadership.peers[at].1.send_queue_full(first);
        }
    }
}

/// Returns an append with the entries after `prev`, up to and including `last`.
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
