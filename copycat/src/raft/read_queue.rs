//! Strict reads without a log entry: ReadIndex.
//!
//! A read may be answered when two conditions hold. A majority has confirmed that this leader still leads, in a round
//! of heartbeats that *started after the read arrived*. And the leader has committed an entry of its own term. Reads
//! that arrive while a round is in flight share the next one.

use crate::codec::ids::Index;
use std::collections::VecDeque;

/// The sequence number of a strict read. Confirming a ticket confirms all earlier ones. A ticket is never used again,
/// not even in a later leadership.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ReadTicket(pub u64);

/// The reads that share a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ReadBatch {
    /// The newest of these reads.
    pub(super) through: ReadTicket,
    /// The index that their answers must reflect: the commit index when the newest read arrived, and at least the first
    /// entry of the leader's own term.
    pub(super) index: Index,
    /// The first round that starts after the arrival of the newest read.
    round: u64,
}

/// The reads of one leadership.
#[derive(Debug, Default)]
pub(super) struct ReadIndexQueue {
    /// The reads that are not confirmed. Rounds and tickets ascend, and indexes never fall.
    waiting: VecDeque<ReadBatch>,
    /// The reads that are confirmed, but wait for the first entry of the leader's own term to commit.
    blocked: Option<ReadBatch>,
}

impl ReadIndexQueue {
    /// Registers a read while `newest` is the last round started.
    pub(super) fn register(&mut self, ticket: ReadTicket, index: Index, newest: u64) {
        assert!(self.blocked.is_none_or(|batch| batch.through < ticket), "{ticket:?} is confirmed already");
        let batch = ReadBatch { through: ticket, index, round: newest + 1 };
        match self.waiting.back_mut() {
            Some(back) if back.round == batch.round => {
                assert!(back.through < ticket && back.index <= index, "reads arrive in order");
                *back = batch;
            }
            Some(back) => {
                assert!(back.through < ticket && back.round < batch.round, "reads arrive in order");
                self.waiting.push_back(batch);
            }
            None => self.waiting.push_back(batch),
        }
    }

    /// Handles the confirmation of `round` by a majority. Returns the reads that may now be answered: those that
    /// arrived before it started, if their index is committed.
    // Rule: thesis §6.4 (3)
    pub(super) fn confirm(&mut self, round: u64, commit: Index) -> Option<ReadBatch> {
        let mut confirmed = None;
        while self.waiting.front().is_some_and(|batch| batch.round <= round) {
            confirmed = self.waiting.pop_front();
        }
        if confirmed.is_some() {
            // Indexes never fall, so the newest batch also covers those that were blocked before.
            assert!(
                self.blocked.is_none_or(|before| confirmed.is_some_and(|batch| before.index <= batch.index))
            );
            self.blocked = confirmed;
        }
        self.committed(commit)
    }

    /// Handles a new commit index. Returns the confirmed reads that waited only for it.
    pub(super) fn committed(&mut self, commit: Index) -> Option<ReadBatch> {
        self.blocked.take_if(|batch| batch.index <= commit)
    }

    /// Returns whether reads wait for a round that has not started.
    pub(super) fn wants_round(&self, newest: u64) -> bool {
        self.waiting.front().is_some_and(|batch| batch.round > newest)
    }

    /// Returns whether there is no unanswered read.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.blocked.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_later_round_confirms() {
        let mut reads = ReadIndexQueue::default();
        reads.register(ReadTicket(1), 5, 7);
        assert!(reads.wants_round(7), "round 8 starts for it");
        assert_eq!(reads.confirm(7, 5), None, "round 7 began before the read");
        assert_eq!(reads.confirm(8, 5).unwrap().through, ReadTicket(1));
        assert!(reads.is_empty());
    }

    #[test]
    fn reads_that_arrive_meanwhile_share_the_next_round() {
        let mut reads = ReadIndexQueue::default();
        reads.register(ReadTicket(1), 5, 0);
        assert!(reads.wants_round(0));
        reads.register(ReadTicket(2), 5, 1);
        reads.register(ReadTicket(3), 6, 1);
        assert!(!reads.wants_round(1), "round 1 is in flight");
        assert_eq!(reads.confirm(1, 6).unwrap().through, ReadTicket(1));
        assert!(reads.wants_round(1));
        let shared = reads.confirm(2, 6).unwrap();
        assert_eq!((shared.through, shared.index), (ReadTicket(3), 6));
    }

    #[test]
    fn a_confirmed_read_waits_for_the_first_own_entry() {
        let mut reads = ReadIndexQueue::default();
        reads.register(ReadTicket(1), 10, 0);
        assert_eq!(reads.confirm(1, 9), None);
        reads.register(ReadTicket(2), 10, 1);
        assert_eq!(reads.confirm(2, 9), None);
        assert!(!reads.is_empty());
        assert_eq!(reads.committed(10).unwrap().through, ReadTicket(2));
        assert!(reads.is_empty());
    }
}
