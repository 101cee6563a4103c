//! Rounds of heartbeats, and the lease that a leader gets from a confirmed round.
//!
//! A follower that answers a heartbeat casts no new vote for one election timeout after the heartbeat arrived (the vote
//! block: `server.rs` sets it, `voting.rs` obeys it). So no majority can elect another leader until `sent + election
//! timeout`, where `sent` is the time at which the round left, not the time at which it was answered. The lease ends
//! after 0.8 of an election timeout, because clocks may drift.

use crate::codec::ids::Index;
use std::collections::VecDeque;
use std::time::Duration;

/// A leader's right to answer reads without asking its followers: no other leader commits anything before `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    /// The index that an answer must reflect.
    pub index: Index,
    /// The end of the lease, on the clock that the core is given. The code that executes the read checks that clock
    /// again *afterwards*, because the process may have been stopped in between.
    pub end: Duration,
}

/// The largest number of unconfirmed rounds whose sending times are remembered. A leader that no majority answers steps
/// down after two election timeouts, so the number grows large only if peers answer without confirming any round.
const REMEMBERED_MAX: usize = 1_024;

/// The rounds of one leadership, numbered from 1.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    newest: u64,
    /// The rounds that no majority has answered, as `(round, time of sending)`, ascending.
    open: VecDeque<(u64, Duration)>,
    /// The time of sending of the newest round that a majority answered.
    confirmed: Option<Duration>,
    /// The two latest rounds that were due by time (not started for a read), older first.
    timed: (u64, u64),
}

impl Rounds {
    /// Returns the number of the last round started; 0 before the first.
    pub(super) fn newest(&self) -> u64 {
        self.newest
    }

    /// Starts a round that leaves at `now`, and returns its number.
    pub(super) fn start(&mut self, now: Duration) -> u64 {
        if self.open.len() == REMEMBERED_MAX {
            self.open.pop_front();
        }
        self.newest += 1;
        assert!(self.open.back().is_none_or(|(_, sent)| *sent <= now), "rounds leave in order");
        self.open.push_back((self.newest, now));
        self.newest
    }

    /// Marks the next round as one that is due by time.
    pub(super) fn next_is_timed(&mut self) {
        self.timed = (self.timed.1, self.newest + 1);
        assert!(self.timed.0 < self.timed.1, "a round is due twice");
    }

    /// Returns whether at least two timed rounds began after the round `since`, and `round` is the newest of them or a
    /// later one.
    /// The two timed rounds are one heartbeat interval apart, or less if a tick came late. So an append that was sent
    /// while `since` was the newest round has had time to arrive before `round` did.
    pub(super) fn is_later_heartbeat(&self, round: u64, since: u64) -> bool {
        assert!(self.timed.0 <= self.timed.1 && since <= self.newest, "rounds are numbered in order");
        self.timed.0 > since && round >= self.timed.1
    }

    /// Records that a majority answered `round`. This also confirms every earlier round.
    pub(super) fn confirm(&mut self, round: u64) {
        assert!(round <= self.newest, "confirmed round {round} of {}", self.newest);
        while let Some(&(open, sent)) = self.open.front() {
            if open > round {
                break;
            }
            assert!(self.confirmed.is_none_or(|before| before <= sent), "rounds leave in order");
            self.confirmed = Some(sent);
            self.open.pop_front();
        }
    }

    /// Returns the end of the lease, if a round was ever confirmed.
    // Rule: thesis §6.4.1
    pub(super) fn lease_end(&self, election_timeout: Duration) -> Option<Duration> {
        self.confirmed.map(|sent| sent + election_timeout * 4 / 5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    fn holds(rounds: &Rounds, now: u64) -> bool {
        rounds.lease_end(ms(100)).is_some_and(|end| ms(now) < end)
    }

    #[test]
    fn the_lease_counts_from_the_sending_of_what_a_majority_answered() {
        let mut rounds = Rounds::default();
        assert!(!holds(&rounds, 0));
        rounds.start(ms(10));
        rounds.start(ms(40));
        rounds.confirm(1);
        assert!(holds(&rounds, 89));
        assert!(!holds(&rounds, 90), "10 ms + 0.8 × 100 ms, whenever the answer came");
        rounds.confirm(2);
        assert!(holds(&rounds, 119));
    }

    #[test]
    fn an_append_has_one_interval_to_arrive() {
        let mut rounds = Rounds::default();
        rounds.next_is_timed();
        let since = rounds.start(ms(0));
        rounds.start(ms(1));
        assert!(!rounds.is_later_heartbeat(2, since), "a round for a read proves nothing");
        rounds.next_is_timed();
        let first = rounds.start(ms(20));
        assert!(!rounds.is_later_heartbeat(first, since), "may have left right behind the append");
        rounds.next_is_timed();
        let second = rounds.start(ms(40));
        assert!(!rounds.is_later_heartbeat(first, since));
        assert!(rounds.is_later_heartbeat(second, since));
    }

    #[test]
    fn memory_for_unanswered_rounds_is_bounded() {
        let mut rounds = Rounds::default();
        (0..5_000).for_each(|at| {
            rounds.start(ms(at));
        });
        assert_eq!(rounds.open.len(), REMEMBERED_MAX);
        rounds.confirm(5_000);
        assert!(holds(&rounds, 5_000));
    }
}
