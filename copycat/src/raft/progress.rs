//! How far one follower is (figure 2: nextIndex, matchIndex), and what is on its way to it.

use crate::codec::ids::Index;
use std::collections::VecDeque;
use std::time::Duration;

/// How the leader feeds a follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Where the logs agree is not known: one append at a time, which looks for it.
    Probe,
    /// The logs agree: appends follow each other without waiting for answers.
    Replicate,
    /// What was on its way is lost: nothing is sent before a sign of life.
    Disconnected,
}

/// What a leader knows about one follower.
#[derive(Debug)]
pub(super) struct Progress {
    mode: Mode,
    /// Highest index the follower acknowledged as durable in this term.
    matched: Index,
    /// The newest round of heartbeats when it acknowledged that.
    acknowledged: u64,
    /// First index of the next append.
    next: Index,
    /// Last index of each append on its way, oldest first.
    inflight: VecDeque<Index>,
    /// A probe is on its way.
    probing: bool,
    /// The last probe was lost: the next one goes without entries.
    lost: bool,
    /// There was no room for what was sent last: nothing more is sent before a sign of life.
    refused: bool,
    /// How far the follower's log agrees, durable or not, by its latest heartbeat replies.
    accepted: Index,
    /// The newest round of heartbeats when something was last sent or moved forward.
    moved: u64,
    /// The newest round of heartbeats it answered.
    round: u64,
    /// When it was last heard in this term.
    heard: Duration,
}

impl Progress {
    /// A follower nothing is known of, except that the leader's log ends before `next`.
    pub(super) fn new(next: Index, now: Duration) -> Progress {
        Progress {
            mode: Mode::Probe,
            matched: 0,
            acknowledged: 0,
            next,
            inflight: VecDeque::new(),
            probing: false,
            lost: false,
            refused: false,
            accepted: 0,
            moved: 0,
            round: 0,
            heard: now,
        }
    }

    /// Highest index known to be durable there.
    pub(super) fn matched(&self) -> Index {
        self.matched
    }

    /// First index of the next append.
    pub(super) fn next(&self) -> Index {
        self.next
    }

    /// The newest round of heartbeats it answered.
    pub(super) fn round(&self) -> u64 {
        self.round
    }

    /// When it was last heard in this term.
    pub(super) fn heard(&self) -> Duration {
        self.heard
    }

    /// Whether an append may leave, given the leader's last index. A probe also goes without entries.
    pub(super) fn may_send(&self, last: Index, inflight_max: usize) -> bool {
        match self.mode {
            _ if self.refused => false,
            Mode::Probe => !self.probing,
            Mode::Replicate => self.next <= last && self.inflight.len() < inflight_max,
            Mode::Disconnected => false,
        }
    }

    /// Whether the next append should carry entries: not when the last one may still be under way.
    pub(super) fn wants_entries(&self) -> bool {
        self.mode == Mode::Replicate || !self.lost
    }

    /// An append up to `last` leaves while `round` is the newest round of heartbeats.
    pub(super) fn sent(&mut self, last: Index, round: u64) {
        assert!(last + 1 >= self.next, "an append ends before it begins");
        self.moved = round;
        if self.mode == Mode::Replicate {
            assert!(last >= self.next, "only probes go without entries");
            self.inflight.push_back(last);
            self.next = last + 1;
        } else {
            self.probing = true;
        }
    }

    /// Of what was to be sent, the entries from `first` on have not left: there is no room on the way to the
    /// follower. They are sent when it shows that it takes what is under way, and what has left is not sent again.
    pub(super) fn refuse(&mut self, first: Index) {
        self.refused = true;
        if self.mode == Mode::Replicate && first > self.matched && first < self.next {
            self.next = first;
            self.inflight.retain(|last| *last < first - 1);
            self.inflight.extend((first - 1 > self.matched).then_some(first - 1));
        } else if self.mode == Mode::Probe {
            self.probing = false;
        }
    }

    /// The follower answered something in this term.
    pub(super) fn hear(&mut self, now: Duration) {
        self.heard = self.heard.max(now);
    }

    /// Everything up to `matched` is durable there. Returns whether that is news.
    pub(super) fn accept(&mut self, matched: Index, round: u64) -> bool {
        let news = matched > self.matched;
        self.refused = false;
        self.matched = self.matched.max(matched);
        self.accepted = self.accepted.max(matched);
        if news {
            (self.moved, self.acknowledged) = (round, round);
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
        assert!(self.next > self.matched, "next {} within matched {}", self.next, self.matched);
        news
    }

    /// The follower answered heartbeat `round` and says that its log ends at `last`. Returns how far it had
    /// acknowledged if that proves that it lost some of it, and starts over: nothing of it counts any more.
    ///
    /// A round that began after the acknowledgement finds the entries in any log that a disk has not cut: within a
    /// term nobody but this leader cuts a follower's log, and never below what the follower acknowledged. An answer
    /// to an earlier round proves nothing, nor does a rejected append: both may have been on their way for long.
    ///
    /// What this repairs is the log. The commit index does not fall, and what is committed stays with this leader
    /// and whoever else holds it. But until the follower has it again, an entry that was committed on the strength
    /// of its copy is durable on one member less than a majority; and if the leader fails meanwhile, the follower's
    /// vote may elect somebody who lacks the entry. With the entries it may also have lost a vote of the current
    /// term, and could give it a second time. To keep such a member from voting, it would have to come back as a
    /// learner, which takes a change of membership.
    pub(super) fn find_lost(&mut self, round: u64, last: Index) -> Option<Index> {
        if round <= self.acknowledged || last >= self.matched {
            return None;
        }
        let acknowledged = std::mem::take(&mut self.matched);
        self.probe(last + 1);
        Some(acknowledged)
    }

    /// The follower does not hold what the leader has at `prev`; `agreed` is the last index where the
    /// two may agree. Returns whether the answer is about the current attempt, and not an old one.
    pub(super) fn reject(&mut self, prev: Index, agreed: Index) -> bool {
        let current = match self.mode {
            Mode::Probe => prev + 1 == self.next,
            Mode::Replicate | Mode::Disconnected => prev > self.matched && prev < self.next,
        };
        if !current || prev <= self.matched {
            return false;
        }
        // Strictly downwards, whatever the answer says: the search ends.
        self.probe(agreed.min(prev - 1).max(self.matched) + 1);
        true
    }

    /// Where the search stands: what is on its way counts for nothing.
    fn probe(&mut self, next: Index) {
        assert!(next > self.matched, "probe {next} within matched {}", self.matched);
        self.mode = Mode::Probe;
        self.inflight.clear();
        (self.probing, self.lost, self.refused) = (false, false, false);
        self.next = next;
    }

    /// The follower answered heartbeat `round` and says its log agrees up to `accepted`.
    pub(super) fn beat(&mut self, round: u64, accepted: Index, newest: u64) {
        assert!(round <= newest, "answers round {round} of {newest}");
        if round < self.round {
            return;
        }
        (self.round, self.refused) = (round, false);
        if accepted > self.accepted {
            self.moved = newest;
        }
        // It may fall: a follower that restarted has to see its log confirmed again.
        self.accepted = accepted;
        if self.mode == Mode::Disconnected {
            self.probe(self.matched + 1);
        }
    }

    /// Whether something was sent of which the follower says it never arrived.
    pub(super) fn is_missing_something(&self) -> bool {
        match self.mode {
            Mode::Probe => self.probing,
            Mode::Replicate => self.accepted < self.next - 1,
            Mode::Disconnected => false,
        }
    }

    /// The newest round of heartbeats when something was last sent or moved forward.
    pub(super) fn moved(&self) -> u64 {
        self.moved
    }

    /// Time has shown that appends were lost: look again where the logs agree. The first probe goes
    /// without entries, because on a slow link they may be on their way after all.
    pub(super) fn recover(&mut self) {
        let next = if self.mode == Mode::Probe { self.next } else { self.matched + 1 };
        self.probe(next);
        self.lost = true;
    }

    /// The connection broke: whatever was on its way is lost.
    pub(super) fn disconnect(&mut self) {
        self.probe(self.matched + 1);
        self.mode = Mode::Disconnected;
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
    fn what_found_no_room_is_sent_when_the_follower_takes_some() {
        let mut progress = replicating(3);
        progress.sent(5, 1);
        progress.sent(9, 1);
        progress.refuse(8);
        assert!(!progress.may_send(20, 8), "there is no room");
        assert_eq!(progress.next(), 8, "6 and 7 have left");
        progress.beat(2, 5, 2);
        assert!(progress.may_send(20, 8), "it lives");
        progress.refuse(8);
        progress.accept(7, 2);
        assert!(progress.may_send(20, 1), "nothing is under way any more");
        assert_eq!(progress.next(), 8, "nothing is sent twice");
        // Nothing of the very first append has left.
        progress.sent(9, 2);
        progress.refuse(8);
        progress.beat(3, 7, 3);
        assert!(!progress.is_missing_something(), "nothing is under way that could be missing");
        // A probe that found no room is made again.
        let mut progress = Progress::new(5, Duration::ZERO);
        progress.sent(4, 1);
        progress.refuse(5);
        assert!(!progress.may_send(9, 8));
        progress.beat(2, 0, 2);
        assert!(progress.may_send(9, 8) && progress.wants_entries());
    }

    #[test]
    fn only_a_later_round_proves_that_an_acknowledgement_is_void() {
        let mut progress = replicating(9);
        assert_eq!(progress.find_lost(1, 6), None, "the answer may be older than the acknowledgement");
        assert_eq!(progress.find_lost(2, 9), None);
        assert_eq!(progress.find_lost(2, 6), Some(9));
        assert_eq!((progress.matched(), progress.next()), (0, 7));
        assert_eq!(progress.find_lost(3, 6), None, "nothing is left to be lost");
        progress.sent(6, 3);
        assert!(progress.reject(6, 2), "the search goes down as far as it must");
        assert_eq!(progress.next(), 3);
    }

    #[test]
    fn what_is_lost_is_probed_again_without_entries() {
        let mut progress = replicating(3);
        progress.sent(9, 1);
        assert!(progress.is_missing_something());
        progress.beat(2, 9, 2);
        assert!(!progress.is_missing_something(), "it arrived, it only waits for a disk");
        progress.beat(3, 0, 3);
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
        progress.beat(2, 3, 2);
        assert!(progress.may_send(9, 8) && progress.wants_entries());
        assert_eq!(progress.next(), 4);
    }
}
