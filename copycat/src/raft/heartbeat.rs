//! The leader's rounds of heartbeats. They keep its leadership, detect lost appends, and confirm strict reads.

use super::effect::{Effect, Effects};
use super::leadership::Leader;
use super::message::Message;
use super::token::Token;
use crate::codec::ids::{Index, MemberId};

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
    /// Sends the round of heartbeats that is due, and sets the time of the next one.
    // Rule: Raft figure 2, Leaders 1
    pub(super) fn send_heartbeats(&mut self, fx: &mut Effects) {
        let server = &*self.server;
        assert!(self.leadership.heartbeat_due <= server.now, "a heartbeat before it is due");
        self.leadership.heartbeat_due = server.options.next_heartbeat(server.now);
        self.leadership.rounds.next_is_timed();
        self.count_idle_round();
        self.start_round(fx);
    }

    /// Sends a round of heartbeats, to learn whether a majority still follows.
    fn start_round(&mut self, fx: &mut Effects) {
        let server = &*self.server;
        let round = self.leadership.rounds.start(server.now);
        let quiet = self.proposes_quiet(round);
        let server = &*self.server;
        for (peer, progress) in &self.leadership.peers {
            // Never beyond what this follower acknowledged: it must not commit entries that it does not hold.
            let (term, commit) = (server.term, server.commit.min(progress.matched()));
            let missing = progress.is_missing_something() || progress.matched() < server.log.last().index;
            let urgent = !self.leadership.reads.is_empty() || missing;
            assert!(!(urgent && quiet), "quiet, although something waits for the answer");
            server.send(*peer, Message::Heartbeat { term, commit, round, urgent, quiet }, Token::ZERO, fx);
        }
        self.confirm_rounds(fx);
    }

    /// Confirms the newest round that a majority answered, and starts another if reads need one. A leader that is the
    /// only voter confirms each round as soon as it starts.
    fn confirm_rounds(&mut self, fx: &mut Effects) {
        let Some(round) = self.leadership.confirmed_round(self.server) else { return };
        self.leadership.rounds.confirm(round);
        self.confirm_reads(round, fx);
        self.start_wanted_round(fx);
    }

    /// Starts a round of heartbeats if reads wait for one that has not started.
    pub(super) fn start_wanted_round(&mut self, fx: &mut Effects) {
        if self.leadership.reads.wants_round(self.leadership.rounds.newest()) {
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
}
