//! The metadata of a group's log: where it begins and ends, and the term of each index, without any payload.
//!
//! The core (`raft/`) and the journal (`storage/`) each own one value of this type for each group. Both change it in
//! the same steps, so the two are equal once all effects of the core are carried out. `node/shard/consensus.rs`
//! asserts it.

use super::ids::{Index, Term};
use super::terms::{LogId, Span, Spans};
use std::collections::VecDeque;

/// The bounds and terms of one log.
///
/// ```text
///      covered by a snapshot     some entries may be gone         every entry is here
///  ─────────────────────── base ────────────────────────── horizon ────────────────── last
/// ```
///
/// Of the terms, only the first entry of each is kept: one for millions of entries of one leader.
///
/// Invariants:
/// - `base.index <= horizon <= last`. All entries above the horizon are present: each can be read, applied and sent.
///   At or below the horizon compaction may remove single entries. No code does so yet: the horizon is the base's
///   index.
/// - These first entries ascend strictly in term and index. The first of them comes right after the base, and has at
///   least the base's term. None comes after `last`. So the term of every index from the base on is known, even if its
///   entry is removed.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct LogShape {
    base: LogId,
    horizon: Index,
    term_starts: VecDeque<LogId>,
    last: Index,
}

impl LogShape {
    /// Returns a log that begins after `base`. Entries up to `base` are covered by a snapshot; `LogId::ZERO`: no
    /// entries.
    pub(crate) fn starting_after(base: LogId) -> LogShape {
        assert_eq!(base.term == 0, base.index == 0, "{base:?} is an entry, or nothing");
        LogShape { base, horizon: base.index, term_starts: VecDeque::new(), last: base.index }
    }

    /// Returns the last entry that a snapshot covers; `LogId::ZERO` if there is none.
    pub(crate) fn base(&self) -> LogId {
        self.base
    }

    /// Returns the horizon. Every entry above it is present.
    pub(crate) fn horizon(&self) -> Index {
        self.horizon
    }

    /// Returns the last entry, or the base if the log is empty.
    pub(crate) fn last(&self) -> LogId {
        let term = self.term_starts.back().map_or(self.base.term, |start| start.term);
        LogId { term, index: self.last }
    }

    /// Returns whether the entry is certainly present: not dropped, not compacted away, and not after the end of the
    /// log.
    pub(crate) fn holds(&self, index: Index) -> bool {
        self.horizon < index && index <= self.last
    }

    /// Returns whether `first ..= last` is at least one entry and all of them can be read and sent.
    pub(crate) fn holds_all(&self, first: Index, last: Index) -> bool {
        first <= last && self.holds(first) && self.holds(last)
    }

    /// Returns the log id at `index`, as the previous entry of an append. Returns `None` if an entry after `index`
    /// may be compacted away, so that the follower needs a snapshot, or if `index` is outside the log.
    pub(crate) fn sendable_after(&self, index: Index) -> Option<LogId> {
        if index < self.horizon {
            return None;
        }
        self.term(index).map(|term| LogId { term, index })
    }

    /// Returns the term of `index`, or `None` outside `base ..= last`.
    pub(crate) fn term(&self, index: Index) -> Option<Term> {
        if index == self.base.index {
            return Some(self.base.term);
        }
        if index < self.base.index || index > self.last {
            return None;
        }
        // Most calls are about the newest term.
        let newest = self.term_starts.back()?;
        if index >= newest.index {
            return Some(newest.term);
        }
        let after = self.term_starts.partition_point(|start| start.index <= index);
        Some(self.term_starts[after - 1].term)
    }

    /// Returns whether the log has or had an entry of this term at this index.
    pub(crate) fn matches(&self, at: LogId) -> bool {
        self.term(at.index) == Some(at.term)
    }

    /// Returns the terms of `first ..= last`. All of these indexes are above the base.
    pub(crate) fn spans(&self, first: Index, last: Index) -> Spans {
        let mut spans = Spans::default();
        if first > last {
            return spans;
        }
        assert!(first > self.base.index && last <= self.last, "terms of {first} to {last} in {self:?}");
        let from = self.term_starts.partition_point(|start| start.index <= first) - 1;
        for at in from..self.term_starts.len() {
            let start = self.term_starts[at].index.max(first);
            if start > last {
                break;
            }
            let end = self.term_starts.get(at + 1).map_or(last, |next| (next.index - 1).min(last));
            spans.push(Span { term: self.term_starts[at].term, first: start, last: end });
        }
        assert_eq!(spans.count(), last - first + 1, "every index has a term");
        spans
    }

    /// Appends `count` entries of `term`.
    pub(crate) fn append(&mut self, term: Term, count: u64) {
        if count == 0 {
            return;
        }
        let newest = self.last().term;
        assert!(term >= newest.max(1), "terms never fall along a log: {newest} then {term}");
        if self.term_starts.back().is_none_or(|start| start.term != term) {
            self.term_starts.push_back(LogId { term, index: self.last + 1 });
        }
        self.last += count;
        debug_assert!(self.is_sound(), "{self:?}");
    }

    /// Removes every entry from `from` on. `from` must be above the horizon, since compaction removes only committed
    /// entries.
    pub(crate) fn truncate(&mut self, from: Index) {
        assert!(from > self.horizon, "cuts at {from}, and the horizon is {}", self.horizon);
        while self.term_starts.back().is_some_and(|start| start.index >= from) {
            self.term_starts.pop_back();
        }
        self.last = self.last.min(from - 1);
        debug_assert!(self.is_sound(), "{self:?}");
    }

    /// Drops every entry up to and including `through`, which becomes the base. Does nothing if `through` is not
    /// above the base or is beyond the last entry.
    pub(crate) fn drop_through(&mut self, through: Index) {
        let Some(term) = self.term(through) else { return };
        if through <= self.base.index {
            return;
        }
        self.base = LogId { term, index: through };
        self.horizon = self.horizon.max(through);
        while self.term_starts.front().is_some_and(|start| start.index <= through) {
            self.term_starts.pop_front();
        }
        let continues = self.last > through && self.term_starts.front().is_none_or(|r| r.index > through + 1);
        if continues {
            self.term_starts.push_front(LogId { term, index: through + 1 });
        }
        debug_assert!(self.is_sound(), "{self:?}");
    }

    /// Returns the first entry of each term, oldest first, as checkpoints record them.
    pub(crate) fn term_starts(&self) -> impl ExactSizeIterator<Item = LogId> + '_ {
        self.term_starts.iter().copied()
    }

    /// Returns whether the invariants hold.
    fn is_sound(&self) -> bool {
        let bounds = self.base.index <= self.horizon && self.horizon <= self.last;
        let begin = self.term_starts.front().map_or(self.last == self.base.index, |first| {
            first.index == self.base.index + 1 && first.term >= self.base.term
        });
        let ascend =
            self.term_starts.iter().is_sorted_by(|one, next| one.index < next.index && one.term < next.term);
        bounds && begin && ascend && self.term_starts.back().is_none_or(|newest| newest.index <= self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares every operation with a plain vector of terms.
    #[test]
    fn agrees_with_a_vector_of_terms() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..2_000 {
            let (mut log, mut model, mut dropped) = (LogShape::default(), vec![0u64], 0u64);
            for _ in 0..30 {
                let last = model.len() as u64 - 1;
                match random.u8(0..4) {
                    0 | 1 => {
                        let term = model[last as usize].max(1) + random.u64(0..2);
                        let count = random.u64(0..4);
                        log.append(term, count);
                        model.extend(std::iter::repeat_n(term, count as usize));
                    }
                    2 if last > dropped => {
                        let from = random.u64(dropped + 1..=last);
                        log.truncate(from);
                        model.truncate(from as usize);
                    }
                    3 if last > dropped => {
                        dropped = random.u64(dropped..=last);
                        log.drop_through(dropped);
                    }
                    _ => {}
                }
                check(&log, &model, dropped);
            }
        }
    }

    fn check(log: &LogShape, model: &[Term], dropped: Index) {
        let last = model.len() as u64 - 1;
        assert_eq!(log.last(), LogId::new(model[last as usize], last));
        assert_eq!((log.base().index, log.horizon()), (dropped, dropped));
        for index in 0..last + 2 {
            let expected = (index >= dropped).then(|| model.get(index as usize).copied()).flatten();
            assert_eq!(log.term(index), expected, "index {index} of {log:?}");
            assert_eq!(log.holds(index), index > dropped && index <= last, "index {index} of {log:?}");
            assert_eq!(log.sendable_after(index), expected.map(|term| LogId::new(term, index)));
        }
        assert_eq!(log.holds_all(dropped + 1, last), last > dropped);
        let spans = log.spans(dropped + 1, last);
        let flat: Vec<_> = spans.iter().flat_map(|s| (s.first..=s.last).map(move |_| s.term)).collect();
        assert_eq!(flat, model[dropped as usize + 1..]);
        assert_eq!(spans.count(), last - dropped);
    }

    #[test]
    fn at_or_below_the_horizon_terms_are_known_and_entries_are_not_sent() {
        let mut log = LogShape::default();
        log.append(1, 2);
        log.append(3, 4);
        log.drop_through(1);
        log.horizon = 4;
        assert!(log.is_sound());
        assert_eq!((log.term(2), log.term(4)), (Some(1), Some(3)));
        assert!(!log.holds(4) && log.holds(5) && !log.holds_all(4, 6) && log.holds_all(5, 6));
        assert_eq!((log.sendable_after(3), log.sendable_after(4)), (None, Some(LogId::new(3, 4))));
        log.drop_through(5);
        assert_eq!((log.base(), log.horizon()), (LogId::new(3, 5), 5));
    }

    #[test]
    #[should_panic(expected = "the horizon is 3")]
    fn nothing_is_cut_at_the_horizon() {
        let mut log = LogShape::starting_after(LogId::new(2, 3));
        log.append(2, 4);
        log.truncate(3);
    }
}
