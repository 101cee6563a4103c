//! The follower's side: appends (§5.3), heartbeats, and what is told to senders of an old term.

use super::conflict;
use super::effect::{Effect, Effects};
use super::message::{AppendResult, Message};
use super::state::Raft;
use super::token::Token;
use crate::codec::configuration::Configuration;
use crate::codec::ids::{Index, MemberId};
use crate::codec::terms::{LogId, Spans};

impl Raft {
    /// The leader of the current term spoke. A candidate of the term gives up (§5.2), and nobody gets a
    /// vote for one election timeout: the leader's lease may rest on that.
    pub(super) fn hear_leader(&mut self, from: MemberId, fx: &mut Effects) {
        assert!(self.leader.is_none_or(|leader| leader == from), "two leaders in one term: refused before");
        self.become_follower(fx);
        self.leader = Some(from);
        // What was promised before a restart may last longer.
        self.promised_until = self.promised_until.max(self.now + self.options.election_timeout);
        self.election_deadline = self.now + self.random_timeout();
    }

    /// Takes the entries behind `prev`, or says why not.
    pub(super) fn append(
        &mut self,
        from: MemberId,
        prev: LogId,
        commit: Index,
        spans: &Spans,
        configurations: Vec<(Index, Configuration)>,
        fx: &mut Effects,
    ) {
        // What a snapshot covers is committed, and a leader holds all that is.
        let agrees = prev.index < self.log.base().index || self.log.matches(prev);
        let result = if agrees {
            let matched = prev.index + spans.count();
            if let Some(first) = self.first_to_store(prev, spans) {
                self.store(first, spans, configurations, fx);
            }
            self.accepted = self.accepted.max(matched);
            // Commits only what this leader has shown to be the same here (figure 2, AppendEntries 5).
            self.commit_to(commit.min(matched), fx);
            AppendResult::Accepted { matched }
        } else {
            AppendResult::Rejected { prev: prev.index, hint: self.hint(prev) }
        };
        let after = match result {
            AppendResult::Accepted { matched } => Token { epoch: self.epoch, index: matched },
            AppendResult::Rejected { .. } => Token::opening(self.epoch),
        };
        self.send(from, Message::AppendReply { term: self.term, result }, after, fx);
    }

    /// Index of the first entry that is not held already. A repeated append finds none, so it cuts nothing.
    fn first_to_store(&self, prev: LogId, spans: &Spans) -> Option<Index> {
        if prev == self.log.last() {
            return (!spans.is_empty()).then_some(prev.index + 1);
        }
        conflict::first_missing(&self.log, spans)
    }

    /// Stores the entries from `first` on; whatever contradicts them is cut (figure 2, AppendEntries 3, 4).
    fn store(
        &mut self,
        first: Index,
        spans: &Spans,
        configurations: Vec<(Index, Configuration)>,
        fx: &mut Effects,
    ) {
        assert!(first > self.commit, "never cuts at or below the commit index {}: {first}", self.commit);
        if first <= self.log.last().index {
            self.log.truncate(first);
            self.configurations.truncate(first);
            self.accepted = self.accepted.min(first - 1);
            self.epoch += 1;
        }
        for span in spans.iter().filter(|span| span.last >= first) {
            self.log.append(span.term, span.last - span.first.max(first) + 1);
        }
        for (index, configuration) in configurations {
            if index >= first {
                self.configurations.adopt(index, configuration);
            }
        }
        assert_eq!(spans.last(), Some(self.log.last()), "the log ends with the append");
        fx.push(Effect::Append { first });
    }

    /// The last entry that may still agree with a leader that holds `prev`; everything committed does.
    fn hint(&self, prev: LogId) -> LogId {
        let agreeable = conflict::last_agreeable(&self.log, prev);
        match self.log.term(self.commit) {
            Some(term) if agreeable.index < self.commit => LogId::new(term, self.commit),
            _ => agreeable,
        }
    }

    /// The leader lives. What it says about commit holds as far as its appends have verified this log.
    pub(super) fn heartbeat(&mut self, from: MemberId, commit: Index, round: u64, fx: &mut Effects) {
        self.commit_to(commit.min(self.accepted), fx);
        let accepted = self.accepted;
        let durable = if self.durable.epoch == self.epoch { self.durable.index.min(accepted) } else { 0 };
        let last = self.log.last().index;
        let reply = Message::HeartbeatReply { term: self.term, round, accepted, durable, last };
        // Waits for the term, never for entries: reads and the lease do not depend on a disk.
        self.send(from, reply, Token::opening(self.epoch), fx);
    }

    /// Tells a sender of an earlier term that it is over (§5.1). Old answers need no answer.
    ///
    /// It names neither round nor place of what it answers: the sender may lead the current term by the time it
    /// arrives, and would take it for an answer to something it sent in that. Rounds, and entries, begin with 1.
    pub(super) fn answer_stale(&self, from: MemberId, message: &Message, fx: &mut Effects) {
        assert!(message.term() < self.term, "answers the current term as an old one");
        let term = self.term;
        let reply = match *message {
            Message::Append { .. } => {
                let result = AppendResult::Rejected { prev: 0, hint: LogId::ZERO };
                Message::AppendReply { term, result }
            }
            Message::Heartbeat { .. } => {
                Message::HeartbeatReply { term, round: 0, accepted: 0, durable: 0, last: 0 }
            }
            _ => return,
        };
        self.send(from, reply, Token::opening(self.epoch), fx);
    }
}
