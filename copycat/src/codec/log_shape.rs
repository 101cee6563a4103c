//! The shape of a group's log: where it begins and ends, and the term of each index, without any payload.
//!
//! The core (`raft/`) and the journal (`storage/`) each own one value of this type for each group. Both change it by the
//! same steps, so the two are equal whenever the effects of the core were carried out; `node/shard/replication.rs` asserts
//! it.

use super::ids::{Index, Term};
use super::terms::{LogId, Span, Spans};
use std::collections::VecDeque;

/// The shape of one log.
///
/// ```text
///      covered by a snapshot     some entries may be gone         every entry is here
///  ─────────────────────── base ────────────────────────── horizon ────────────────── last
/// ```
///
/// Terms are kept as ranges: a term, and the first index it has. A log of millions of entries under one leader is one
/// range.
///
/// Invariants:
/// - `base.index <= horizon <= last`. Entries above the horizon are dense: each of them can be read, applied and sent.
///   At or below it compaction may leave holes. Nothing does yet: the horizon is the base's index.
/// - Ranges ascend strictly in both fields. The first begins right behind the base, in no earlier term, and no range
///   begins beyond `last`. So the term of every index from the base on is known, also where an entry is gone.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct LogShape {
    base: LogId,
    horizon: Index,
    ranges: VecDeque<LogId>,
    last: Index,
}

impl LogShape {
    /// A log that begins behind `base`, which a snapshot or nothing (`LogId::ZERO`) covers.
    pub(crate) fn starting_after(base: LogId) -> LogShape {
        assert_eq!(base.term == 0, base.index == 0, "{base:?} is an entry, or nothing");
        LogShape { base, horizon: base.index, ranges: VecDeque::new(), last: base.index }
    }

    /// The last entry that a snapshot stands for; `LogId::ZERO` if there is none.
    pub(crate) fn base(&self) -> LogId {
        self.base
    }

    /// Every entry above it is here.
    pub(crate) fn horizon(&self) -> Index {
        self.horizon
    }

    /// The last entry, or `base` in an empty log.
    pub(crate) fn last(&self) -> LogId {
        let term = self.ranges.back().map_or(self.base.term, |range| range.term);
        LogId { term, index: self.last }
    }

    /// Whether this entry is certainly here: not dropped, not compacted away, not yet to come.
    pub(crate) fn holds(&self, index: Index) -> bool {
        self.horizon < index && index <= self.last
    }

    /// Whether all of `first ..= last`, at least one entry, may be read and sent.
    pub(crate) fn holds_all(&self, first: Index, last: Index) -> bool {
        first <= last && self.holds(first) && self.holds(last)
    }

    /// The entry at `index`, if every entry behind it is here: an append may begin with it. `None` if only a snapshot
    /// can help whoever needs what follows `index`.
    pub(crate) fn sendable_after(&self, index: Index) -> Option<LogId> {
        if index < self.horizon {
            return None;
        }
        self.term(index).map(|term| LogId { term, index })
    }

    /// The term of `index`, `None` outside `base ..= last`.
    pub(crate) fn term(&self, index: Index) -> Option<Term> {
        if index == self.base.index {
            return Some(self.base.term);
        }
        if index < self.base.index || index > self.last {
            return None;
        }
        // Nearly every question is about the newest range.
        let newest = self.ranges.back()?;
        if index >= newest.index {
            return Some(newest.term);
        }
        let after = self.ranges.partition_point(|range| range.index <= index);
        Some(self.ranges[after - 1].term)
    }

    /// Whether the log has an entry of this term at this index, gone or here.
    pub(crate) fn matches(&self, at: LogId) -> bool {
        self.term(at.index) == Some(at.term)
    }

    /// The terms of `first ..= last`, which lie behind the base.
    pub(crate) fn spans(&self, first: Index, last: Index) -> Spans {
        let mut spans = Spans::default();
        if first > last {
            return spans;
        }
        assert!(first > self.base.index && last <= self.last, "terms of {first} to {last} in {self:?}");
        let from = self.ranges.partition_point(|range| range.index <= first) - 1;
        for at in from..self.ranges.len() {
            let start = self.ranges[at].index.max(first);
            if start > last {
                break;
            }
            let end = self.ranges.get(at + 1).map_or(last, |next| (next.index - 1).min(last));
            spans.push(Span { term: self.ranges[at].term, first: start, last: end });
        }
        assert_eq!(spans.count(), last - first + 1, "every index has a term");
        spans
    }

    /// Adds `count` entries of `term` behind the last.
    pub(crate) fn append(&mut self, term: Term, count: u64) {
        if count == 0 {
            return;
        }
        let newest = self.last().term;
        assert!(term >= newest.max(1), "terms never fall along a log: {newest} then {term}");
        if self.ranges.back().is_none_or(|range| range.term != term) {
            self.ranges.push_back(LogId { term, index: self.last + 1 });
        }
        self.last += count;
        debug_assert!(self.is_sound(), "{self:?}");
    }

    /// Removes every entry at or beyond `from`, which lies above the horizon: what compaction has touched was committed.
    pub(crate) fn truncate(&mut self, from: Index) {
        assert!(from > self.horizon, "cuts at {from}, and the horizon is {}", self.horizon);
        while self.ranges.back().is_some_and(|range| range.index >= from) {
            self.ranges.pop_back();
        }
        self.last = self.last.min(from - 1);
        debug_assert!(self.is_sound(), "{self:?}");
    }

    /// Drops every entry up to and including `through`, which becomes the base. Does nothing if a snapshot covers it
    /// already, or the log ends before it.
    pub(crate) fn drop_through(&mut self, through: Index) {
        let Some(term) = self.term(through) else { return };
        if through <= self.base.index {
            return;
        }
        self.base = LogId { term, index: through };
        self.horizon = self.horizon.max(through);
        while self.ranges.front().is_some_and(|range| range.index <= through) {
            self.ranges.pop_front();
        }
        let continues = self.last > through && self.ranges.front().is_none_or(|r| r.index > through + 1);
        if continues {
            self.ranges.push_front(LogId { term, index: through + 1 });
        }
        debug_assert!(self.is_sound(), "{self:?}");
    }

    /// The ranges themselves, oldest first, as checkpoints record them.
    pub(crate) fn ranges(&self) -> impl ExactSizeIterator<Item = LogId> + '_ {
        self.ranges.iter().copied()
    }

    /// The invariants.
    fn is_sound(&self) -> bool {
        let bounds = self.base.index <= self.horizon && self.horizon <= self.last;
        let begin = self.ranges.front().map_or(self.last == self.base.index, |first| {
            first.index == self.base.index + 1 && first.term >= self.base.term
        });
        let ascend =
            self.ranges.iter().is_sorted_by(|one, next| one.index < next.index && one.term < next.term);
        bounds && begin && ascend && self.ranges.back().is_none_or(|newest| newest.index <= self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every operation against a plain vector of terms.
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
