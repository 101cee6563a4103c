//! The leader's rounds of heartbeats. They keep its leadership, detect lost appends, and confirm strict reads.

use super::effect::{Effect, Effects, InternalEntry};
use super::leadership::Leader;
use super::message::Message;
use super::read::ReadTicket;
use super::replication::push_ready;
use super::token::Token;
use crate::codec::ids::{Index, MemberId};
use crate::codec::terms::LogId;

/// The state of a follower's log, as reported in its answer to a heartbeat.
#[derive(Clone, Copy, Debug)]
pub(super) struct FollowerLog {
    /// The last index up to which the follower knows that its log agrees with the leader's.
    pub(super) verified: Index,
    /// The last of those indexes that is durable.
    pub(super) durable: Index,
    /// The last index of the follower's log.
    pub(super) last: Index,
}

impl Leader<'_> {
    /// Begins a leadership: appends an entry of its own term, because nothing older commits before it, and sends
    /// heartbeats and appends to all followers.
    pub(super) fn begin(&mut self, fx: &mut Effects) {
        assert_eq!(self.leadership.rounds.newest(), 0, "a leadership begins once");
        self.append_term_start(fx);
        self.send_heartbeats(fx);
        self.replicate(fx);
    }

    /// Appends the first entry of the term. The very first entry of a group is its initial configuration. Every later
    /// leader begins with a no-op.
    // Rule: Raft §8
    fn append_term_start(&mut self, fx: &mut Effects) {
        let server = &mut *self.server;
        let at = server.append(server.term, 1);
        assert_eq!(
            at.first, self.leadership.term_start,
            "the first entry of the term is the first after it began"
        );
        let entry = if server.log.base() == LogId::ZERO && at.first == 1 {
            let initial = server.configurations.initial().clone();
            server.adopt(at.first, initial.clone());
            InternalEntry::Configuration(initial)
        } else {
            InternalEntry::Noop
        };
        fx.push(Effect::AppendInternal { id: LogId::new(at.term, at.first), entry });
    }

    /// Sends the round of heartbeats that is due, and sets the time of the next one.
    // Rule: Raft figure 2, Leaders 1
    pub(super) fn send_heartbeats(&mut self, fx: &mut Effects) {
        let server = &*self.server;
        assert!(self.leadership.heartbeat_due <= server.now, "a heartbeat before it is due");
        self.leadership.heartbeat_due = server.options.next_heartbeat(server.now);
        self.leadership.rounds.next_is_timed();
        self.start_round(fx);
    }

    /// Sends a round of heartbeats, to learn whether a majority still follows.
    fn start_round(&mut self, fx: &mut Effects) {
        let server = &*self.server;
        let round = self.leadership.rounds.start(server.now);
        for (peer, progress) in &self.leadership.peers {
            // Never beyond what this follower acknowledged: it must not commit entries that it does not hold.
            let (term, commit) = (server.term, server.commit.min(progress.matched()));
            let missing = progress.is_missing_something() || progress.matched() < server.log.last().index;
            let urgent = !self.leadership.reads.is_empty() || missing;
            server.send(*peer, Message::Heartbeat { term, commit, round, urgent }, Token::ZERO, fx);
        }
        self.confirm_rounds(fx);
    }

    /// Confirms the newest round that a majority answered, and starts another if reads need one. A leader that is the
    /// only voter confirms each round as soon as it starts.
    fn confirm_rounds(&mut self, fx: &mut Effects) {
        let Some(round) = self.leadership.confirmed_round(self.server) else { return };
        let leadership = &mut *self.leadership;
        leadership.rounds.confirm(round);
        push_ready(leadership.reads.confirm(round, self.server.commit), fx);
        if leadership.reads.wants_round(leadership.rounds.newest()) {
            self.start_round(fx);
        }
    }

    /// Handles the answer of a follower to a heartbeat.
    pub(super) fn heartbeat_reply(&mut self, at: usize, round: u64, log: FollowerLog, fx: &mut Effects) {
        assert!(log.verified <= self.server.log.last().index, "checked on arrival");
        assert!(log.durable <= log.verified, "checked on arrival");
        if self.note_reply(at, round, log, fx) {
            self.commit_by_counting(fx);
        }
        self.confirm_rounds(fx);
        self.replicate_to(at, fx);
    }

    /// Records the content of an answer to a heartbeat. Returns whether it acknowledges entries that were not known to
    /// be durable there.
    fn note_reply(&mut self, at: usize, round: u64, log: FollowerLog, fx: &mut Effects) -> bool {
        let rounds = &self.leadership.rounds;
        let (peer, progress) = &mut self.leadership.peers[at];
        let (peer, newest): (MemberId, u64) = (*peer, rounds.newest());
        progress.record_contact(self.server.now);
        if let Some(acknowledged) = progress.detect_lost_entries(round, log.last) {
            fx.push(Effect::FollowerLostEntries { peer, first: log.last + 1, last: acknowledged });
        }
        progress.heartbeat_answered(round, log.verified, newest);
        let news = log.durable > progress.matched() && progress.accept(log.durable, newest);
        if progress.is_missing_something() && rounds.is_later_heartbeat(round, progress.progress_round()) {
            progress.recover();
        }
        news
    }

    /// Registers a strict read, and starts a round of heartbeats for it if none is in flight.
    pub(super) fn read(&mut self, fx: &mut Effects) -> ReadTicket {
        let ticket = ReadTicket(self.server.number_read());
        // A leader may not know all committed entries before it commits the first entry of its own term.
        // Rule: thesis §6.4 (1)
        // Rule: thesis §6.4 (2)
        let index = self.server.commit.max(self.leadership.term_start);
        assert!(index <= self.server.log.last().index, "a read waits for {index}, which is not in the log");
        if self.leadership.reads.register(ticket, index, self.leadership.rounds.newest()) {
            self.start_round(fx);
        }
        ticket
    }
}
