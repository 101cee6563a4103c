//! The progress of one follower, as its leader knows it: the paper's `nextIndex` and `matchIndex`, and the appends in
//! flight.

use crate::codec::ids::Index;
use std::collections::VecDeque;
use std::time::Duration;

/// The way in which the leader sends entries to a follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// The leader does not know where the logs agree. It sends one append at a time to find out.
    Probe,
    /// The logs agree before `next`, once the appends in flight arrive. Appends do not wait for answers.
    // Rule: thesis §10.2.2
    Replicate,
    /// The connection broke, and the appends in flight are lost. None is sent until the follower answers a heartbeat.
    Disconnected,
}

/// The knowledge of a leader about one follower.
#[derive(Debug)]
pub(super) struct Progress {
    mode: Mode,
    /// The paper's `matchIndex`: the last entry that the follower acknowledged as durable in this term.
    matched: Index,
    /// The newest round of heartbeats at the time of that acknowledgement.
    matched_round: u64,
    /// The paper's `nextIndex`: the first index of the next append.
    next: Index,
    /// The last index of each append in flight, oldest first.
    inflight: VecDeque<Index>,
    /// Whether a probe is in flight.
    probing: bool,
    /// Whether appends were lost. The next probe then carries no entries.
    lost: bool,
    /// Whether the last append did not fit the send queue. The leader then sends no more until the follower answers.
    refused: bool,
    /// The last index up to which the follower's log agrees, durable or not, according to its latest answers.
    verified: Index,
    /// The newest round of heartbeats when the leader last sent an append or the follower last made progress.
    progress_round: u64,
    /// The newest round of heartbeats that the follower answered.
    round: u64,
    /// The time at which the follower was last heard in this term.
    last_contact: Duration,
}

impl Progress {
    /// Creates the progress of a follower of which nothing is known yet. The leader's log ends before `next`.
    pub(super) fn new(next: Index, now: Duration) -> Progress {
        assert!(next > 0, "indexes begin with 1");
        Progress {
            mode: Mode::Probe,
            matched: 0,
            matched_round: 0,
            next,
            inflight: VecDeque::new(),
            probing: false,
            lost: false,
            refused: false,
            verified: 0,
            progress_round: 0,
            round: 0,
            last_contact: now,
        }
    }

    /// Returns the index of the last entry known to be durable there.
    pub(super) fn matched(&self) -> Index {
        self.matched
    }

    /// Returns the first index of the next append.
    pub(super) fn next(&self) -> Index {
        self.next
    }

    /// Returns the newest round of heartbeats that the follower answered.
    pub(super) fn round(&self) -> u64 {
        self.round
    }

    /// Returns the time at which the follower was last heard in this term.
    pub(super) fn last_contact(&self) -> Duration {
        self.last_contact
    }

    /// Returns whether an append may be sent, if the leader's log ends with `last`. A probe may have no entries.
    pub(super) fn may_send(&self, last: Index, inflight_max: usize) -> bool {
        let sent = self.inflight.len();
        assert!(sent <= inflight_max, "{sent} appends are on their way, of {inflight_max}");
        match self.mode {
            _ if self.refused => false,
            Mode::Probe => !self.probing,
            Mode::Replicate => self.next <= last && self.inflight.len() < inflight_max,
            Mode::Disconnected => false,
        }
    }

    /// Returns whether the next append should carry entries. It should not if earlier ones may still be in flight.
    pub(super) fn wants_entries(&self) -> bool {
        self.mode == Mode::Replicate || !self.lost
    }

    /// Records that an append up to `last` is sent while `round` is the newest round of heartbeats.
    pub(super) fn sent(&mut self, last: Index, round: u64) {
        assert!(last + 1 >= self.next, "an append ends before it begins");
        assert!(
            round >= self.progress_round,
            "sent in round {round}, but the progress is of {}",
            self.progress_round
        );
        self.progress_round = round;
        if self.mode == Mode::Replicate {
            assert!(last >= self.next, "only probes go without entries");
            self.inflight.push_back(last);
            self.next = last + 1;
        } else {
            self.probing = true;
        }
        self.assert_invariants();
    }

    /// Records that the entries from `first` on did not fit the send queue. They are sent again after the next answer
    /// of the follower. Entries before `first` are in flight and are not sent again.
    pub(super) fn send_queue_full(&mut self, first: Index) {
        assert!(first > 0, "indexes begin with 1");
        self.refused = true;
        if self.mode == Mode::Replicate && first > self.matched && first < self.next {
            self.next = first;
            self.inflight.retain(|last| *last < first - 1);
            self.inflight.extend((first - 1 > self.matched).then_some(first - 1));
        } else if self.mode == Mode::Probe {
            self.probing = false;
        }
        self.assert_invariants();
    }

    /// Records that the follower answered in this term.
    pub(super) fn record_contact(&mut self, now: Duration) {
        self.last_contact = self.last_contact.max(now);
    }

    /// Handles an acknowledgement: everything up to `matched` is durable there. Returns whether that was not known.
    pub(super) fn accept(&mut self, matched: Index, round: u64) -> bool {
        let news = matched > self.matched;
        assert!(round >= self.matched_round, "acknowledged in {round}, and before in {}", self.matched_round);
        self.refused = false;
        self.matched = self.matched.max(matched);
        self.verified = self.verified.max(matched);
        if news {
            (self.progress_round, self.matched_round) = (round, round);
        }
        if self.mode == Mode::Replicate {
            while self.inflight.front().is_some_and(|&last| last <= matched) {
                self.inflight.pop_front();
            }
            self.next = self.next.max(self.matched + 1);
        } else {
            self.mode = Mode::Replicate;
            (self.probing, self.lost) = (false, false);
            self.next = self.matched + 1;
        }
        self.assert_invariants();
        news
    }

    /// Detects that the follower lost entries that it had acknowledged. It answered heartbeat `round`, and its log ends
    /// with `last`. If that proves a loss, this returns the last index that it had acknowledged, and no acknowledgement
    /// counts any more.
    ///
    /// The proof: within a term, only the leader cuts a follower's log, and never entries that the follower
    /// acknowledged. So a round that began after the acknowledgement finds those entries in the log, unless a disk lost
    /// them. An answer to an earlier round proves nothing, nor does a rejected append: both may have been in flight for
    /// a long time.
    ///
    /// The leader then repairs the log, and the commit index does not fall. But two dangers remain. Until the follower
    /// has the entries again, entries that were committed with its acknowledgement may be durable on one member less
    /// than a majority. If the leader fails meanwhile, the follower may elect a member that lacks an entry. And
    /// together with the entries the follower may have lost a vote of the current term, which it could give a second
    /// time. Only a change of membership could keep such a member from voting: it would have to come back as a learner.
    pub(super) fn detect_lost_entries(&mut self, round: u64, last: Index) -> Option<Index> {
        if round <= self.matched_round || last >= self.matched {
            return None;
        }
        assert!(self.matched > 0, "lost what was never acknowledged");
        let acknowledged = std::mem::take(&mut self.matched);
        self.probe(last + 1);
        Some(acknowledged)
    }

    /// Handles a rejection of the entry at `prev`. `agreed` is the last index at which the two logs may agree. Returns
    /// false, and changes nothing, if the answer is stale.
    pub(super) fn reject(&mut self, prev: Index, agreed: Index) -> bool {
        let current = match self.mode {
            Mode::Probe => prev + 1 == self.next,
            Mode::Replicate | Mode::Disconnected => prev > self.matched && prev < self.next,
        };
        if !current || prev <= self.matched {
            return false;
        }
        // Each rejection moves the search down, whatever its hint is. So the search ends.
        self.probe(agreed.min(prev - 1).max(self.matched) + 1);
        assert!(self.next <= prev, "{prev} was rejected, and {} is the next to try", self.next);
        true
    }

    /// Searches for the index up to which the logs agree, beginning with `next`. Appends in flight are not counted.
    fn probe(&mut self, next: Index) {
        assert!(next > self.matched, "probe {next} within matched {}", self.matched);
        self.mode = Mode::Probe;
        self.inflight.clear();
        (self.probing, self.lost, self.refused) = (false, false, false);
        self.next = next;
        self.assert_invariants();
    }

    /// Handles the answer to heartbeat `round`: the follower's log agrees up to `verified`. `newest` is the last round
    /// started. An answer to an earlier round than the last one answered is ignored.
    pub(super) fn heartbeat_answered(&mut self, round: u64, verified: Index, newest: u64) {
        assert!(round <= newest, "answers round {round} of {newest}");
        if round < self.round {
            return;
        }
        (self.round, self.refused) = (round, false);
        if verified > self.verified {
            self.progress_round = newest;
        }
        // This may be less than before: after a restart, a follower does not know yet up to where the logs agree.
        self.verified = verified;
        if self.mode == Mode::Disconnected {
            self.probe(self.matched + 1);
        }
    }

    /// Returns whether an append was sent that had not arrived at the time of the follower's latest answer.
    pub(super) fn is_missing_something(&self) -> bool {
        match self.mode {
            Mode::Probe => self.probing,
            Mode::Replicate => self.verified < self.next - 1,
            Mode::Disconnected => false,
        }
    }

    /// Returns whether the follower holds everything up to `last`, and nothing is in flight to it.
    pub(super) fn is_up_to_date(&self, last: Index) -> bool {
        self.mode == Mode::Replicate && self.matched == last && !self.is_missing_something() && !self.refused
    }

    /// Returns the newest round of heartbeats when the leader last sent an append or the follower made progress.
    pub(super) fn progress_round(&self) -> u64 {
        self.progress_round
    }

    /// Searches again for the index up to which the logs agree, because appends seem to be lost. The first probe
    /// carries no entries, because on a slow link those that were sent may still be in flight.
    pub(super) fn recover(&mut self) {
        assert!(self.is_missing_something(), "nothing was lost");
        let next = if self.mode == Mode::Probe { self.next } else { self.matched + 1 };
        self.probe(next);
        self.lost = true;
    }

    /// Records that the connection broke, and that all appends in flight are lost.
    pub(super) fn disconnect(&mut self) {
        self.probe(self.matched + 1);
        self.mode = Mode::Disconnected;
    }

    /// Asserts the invariants that hold after each change.
    fn assert_invariants(&self) {
        assert!(self.next > self.matched, "next {} within matched {}", self.next, self.matched);
        assert!(self.mode == Mode::Probe || !self.probing, "a probe in flight in {:?}", self.mode);
        let sent = self.inflight.back();
        assert!(sent.is_none_or(|last| *last == self.next - 1), "{sent:?} in flight, next {}", self.next);
        assert!(sent.is_none() || self.mode == Mode::Replicate, "appends on their way in {:?}", self.mode);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replicating(matched: Index) -> Progress {
        let mut progress = Progress::new(matched + 1, Duration::ZERO);
        progress.sent(matched, 1);
        progress.accept(matched, 1);
        progress
    }

    #[test]
    fn one_probe_at_a_time_then_a_window() {
        let mut progress = Progress::new(5, Duration::ZERO);
        assert!(progress.may_send(4, 2), "a probe goes even without entries");
        progress.sent(4, 1);
        assert!(!progress.may_send(9, 2));
        assert!(progress.accept(4, 1));
        progress.sent(6, 1);
        progress.sent(8, 1);
        assert!(!progress.may_send(9, 2), "the window is full");
        assert_eq!(progress.next(), 9);
        progress.accept(6, 1);
        assert!(progress.may_send(9, 2));
        assert!(!progress.accept(5, 1), "an old acknowledgement is no news");
        assert_eq!(progress.matched(), 6);
    }

    #[test]
    fn a_rejection_moves_the_probe_down_and_never_below_what_matched() {
        let mut progress = replicating(3);
        progress.sent(9, 1);
        assert!(!progress.reject(3, 0), "what matched cannot be rejected");
        assert!(progress.reject(9, 100), "a hint beyond the probe still goes down");
        assert_eq!(progress.next(), 9);
        progress.sent(9, 1);
        assert!(!progress.reject(5, 1), "the answer to another probe");
        assert!(progress.reject(8, 1));
        assert_eq!(progress.next(), 4);
    }

    #[test]
    fn what_found_no_space_is_sent_when_the_follower_takes_some() {
        let mut progress = replicating(3);
        progress.sent(5, 1);
        progress.sent(9, 1);
        progress.send_queue_full(8);
        assert!(!progress.may_send(20, 8), "the window is full");
        assert_eq!(progress.next(), 8, "6 and 7 have left");
        progress.heartbeat_answered(2, 5, 2);
        assert!(progress.may_send(20, 8), "it lives");
        progress.send_queue_full(8);
        progress.accept(7, 2);
        assert!(progress.may_send(20, 1), "nothing is in flight any more");
        assert_eq!(progress.next(), 8, "nothing is sent twice");
        // Nothing of the first append was sent.
        progress.sent(9, 2);
        progress.send_queue_full(8);
        progress.heartbeat_answered(3, 7, 3);
        assert!(!progress.is_missing_something(), "nothing is in flight that could be missing");
        // A probe that did not fit is sent again.
        let mut progress = Progress::new(5, Duration::ZERO);
        progress.sent(4, 1);
        progress.send_queue_full(5);
        assert!(!progress.may_send(9, 8));
        progress.heartbeat_answered(2, 0, 2);
        assert!(progress.may_send(9, 8) && progress.wants_entries());
    }

    #[test]
    fn only_a_later_round_proves_that_an_acknowledgement_is_void() {
        let mut progress = replicating(9);
        assert_eq!(
            progress.detect_lost_entries(1, 6),
            None,
            "the answer may be older than the acknowledgement"
        );
        assert_eq!(progress.detect_lost_entries(2, 9), None);
        assert_eq!(progress.detect_lost_entries(2, 6), Some(9));
        assert_eq!((progress.matched(), progress.next()), (0, 7));
        assert_eq!(progress.detect_lost_entries(3, 6), None, "nothing is left to be lost");
        progress.sent(6, 3);
        assert!(progress.reject(6, 2), "the search goes down as far as it must");
        assert_eq!(progress.next(), 3);
    }

    #[test]
    fn what_is_lost_is_probed_again_without_entries() {
        let mut progress = replicating(3);
        progress.sent(9, 1);
        assert!(progress.is_missing_something());
        progress.heartbeat_answered(2, 9, 2);
        assert!(!progress.is_missing_something(), "it arrived, it only waits for a disk");
        progress.heartbeat_answered(3, 0, 3);
        assert!(progress.is_missing_something(), "a restarted follower knows nothing yet");
        progress.recover();
        assert!(progress.may_send(9, 1) && !progress.wants_entries());
        assert_eq!(progress.next(), 4);
    }

    #[test]
    fn a_lost_connection_waits_for_a_sign_of_life() {
        let mut progress = replicating(3);
        progress.sent(9, 1);
        progress.disconnect();
        assert!(!progress.may_send(9, 8));
        progress.heartbeat_answered(2, 3, 2);
        assert!(progress.may_send(9, 8) && progress.wants_entries());
        assert_eq!(progress.next(), 4);
    }
}
