//! Which term each index of a log belongs to.

use super::ids::{Index, Term};
use std::collections::VecDeque;

/// A place in a log: the term and index of one entry. Ordered as Raft compares logs (§5.4.1): by
/// term, then by index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct LogId {
    /// Term of the leader that made the entry.
    pub term: Term,
    /// Index of the entry.
    pub index: Index,
}

impl LogId {
    /// Before the first entry.
    pub(crate) const ZERO: LogId = LogId { term: 0, index: 0 };

    /// `(term, index)` as Raft texts write it.
    pub(crate) const fn new(term: Term, index: Index) -> LogId {
        LogId { term, index }
    }
}

/// The shape of a log: `(term, first index)` ranges between what was dropped in front and the last
/// entry. A log of millions of entries under one leader is one range.
///
/// Invariants: ranges ascend strictly in both fields, the first begins at `base.index + 1`, and no
/// range begins beyond `last`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Terms {
    base: LogId,
    ranges: VecDeque<LogId>,
    last: Index,
}

impl Terms {
    /// A log that begins behind `base`, which a snapshot or nothing (`LogId::ZERO`) covers.
    pub(crate) fn starting_after(base: LogId) -> Terms {
        Terms { base, ranges: VecDeque::new(), last: base.index }
    }

    /// What precedes the first entry.
    pub(crate) fn base(&self) -> LogId {
        self.base
    }

    /// Index the first entry has, or would have.
    pub(crate) fn first(&self) -> Index {
        self.base.index + 1
    }

    /// The last entry, or `base` in an empty log.
    pub(crate) fn last(&self) -> LogId {
        let term = self.ranges.back().map_or(self.base.term, |range| range.term);
        LogId { term, index: self.last }
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

    /// Whether the log holds exactly this entry.
    pub(crate) fn matches(&self, at: LogId) -> bool {
        self.term(at.index) == Some(at.term)
    }

    /// The ranges that make up `first ..= last`, each cut to it.
    pub(crate) fn spans(&self, first: Index, last: Index) -> Spans {
        let mut spans = Spans::default();
        if first > last {
            return spans;
        }
        assert!(first >= self.first() && last <= self.last, "asked for entries the log does not hold");
        let from = self.ranges.partition_point(|range| range.index <= first) - 1;
        for at in from..self.ranges.len() {
            let start = self.ranges[at].index.max(first);
            if start > last {
                break;
            }
            let end = self.ranges.get(at + 1).map_or(last, |next| (next.index - 1).min(last));
            spans.push(Span { term: self.ranges[at].term, first: start, last: end });
        }
        spans
    }

    /// Adds `count` entries of `term` behind the last.
    pub(crate) fn append(&mut self, term: Term, count: u64) {
        if count == 0 {
            return;
        }
        let newest = self.last().term;
        assert!(term >= newest, "terms never fall along a log: {newest} then {term}");
        if self.ranges.back().is_none_or(|range| range.term != term) {
            self.ranges.push_back(LogId { term, index: self.last + 1 });
        }
        self.last += count;
    }

    /// Removes every entry at or beyond `from`.
    pub(crate) fn truncate(&mut self, from: Index) {
        assert!(from > self.base.index, "what lies before the log cannot be cut");
        while self.ranges.back().is_some_and(|range| range.index >= from) {
            self.ranges.pop_back();
        }
        self.last = self.last.min(from - 1);
    }

    /// Drops every entry up to and including `through`, whose term stays known.
    pub(crate) fn drop_through(&mut self, through: Index) {
        let Some(term) = self.term(through) else { return };
        if through <= self.base.index {
            return;
        }
        self.base = LogId { term, index: through };
        while self.ranges.front().is_some_and(|range| range.index <= through) {
            self.ranges.pop_front();
        }
        let continues = self.last > through && self.ranges.front().is_none_or(|r| r.index > through + 1);
        if continues {
            self.ranges.push_front(LogId { term, index: through + 1 });
        }
    }

    /// The ranges themselves, oldest first, as checkpoints record them.
    pub(crate) fn ranges(&self) -> impl ExactSizeIterator<Item = LogId> + '_ {
        self.ranges.iter().copied()
    }
}

/// Consecutive entries of one term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// The term all of them have.
    pub term: Term,
    /// Index of the first.
    pub first: Index,
    /// Index of the last; never below `first`.
    pub last: Index,
}

/// Consecutive entries, described by term and index only. Nearly always one span: kept without an
/// allocation then.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Spans {
    head: Option<Span>,
    rest: Vec<Span>,
}

impl Spans {
    /// Adds entries directly behind the last; merges with it where the term is the same.
    pub(crate) fn push(&mut self, span: Span) {
        assert!(span.first <= span.last, "a span holds at least one entry");
        let Some(newest) = self.rest.last_mut().or(self.head.as_mut()) else {
            self.head = Some(span);
            return;
        };
        assert!(newest.last + 1 == span.first && newest.term <= span.term, "spans are consecutive");
        if newest.term == span.term {
            newest.last = span.last;
        } else {
            self.rest.push(span);
        }
    }

    /// The spans in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Span> + '_ {
        self.head.iter().chain(&self.rest).copied()
    }

    /// Those of the entries that lie in `first ..= last`.
    pub(crate) fn part(&self, first: Index, last: Index) -> Spans {
        let mut part = Spans::default();
        for span in self.iter() {
            let (first, last) = (span.first.max(first), span.last.min(last));
            if first <= last {
                part.push(Span { first, last, ..span });
            }
        }
        part
    }

    /// Whether there is no entry.
    pub(crate) fn is_empty(&self) -> bool {
        self.head.is_none()
    }

    /// Number of entries.
    pub(crate) fn count(&self) -> u64 {
        match (self.head, self.last()) {
            (Some(head), Some(last)) => last.index - head.first + 1,
            _ => 0,
        }
    }

    /// The last entry.
    pub(crate) fn last(&self) -> Option<LogId> {
        let newest = self.rest.last().or(self.head.as_ref())?;
        Some(LogId { term: newest.term, index: newest.last })
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
            let (mut terms, mut model, mut dropped) = (Terms::default(), vec![0u64], 0u64);
            for _ in 0..30 {
                let last = model.len() as u64 - 1;
                match random.u8(0..4) {
                    0 | 1 => {
                        let term = model[last as usize].max(1) + random.u64(0..2);
                        let count = random.u64(0..4);
                        terms.append(term, count);
                        model.extend(std::iter::repeat_n(term, count as usize));
                    }
                    2 if last > dropped => {
                        let from = random.u64(dropped + 1..=last);
                        terms.truncate(from);
                        model.truncate(from as usize);
                    }
                    3 if last > dropped => {
                        dropped = random.u64(dropped..=last);
                        terms.drop_through(dropped);
                    }
                    _ => {}
                }
                check(&terms, &model, dropped);
            }
        }
    }

    fn check(terms: &Terms, model: &[Term], dropped: Index) {
        let last = model.len() as u64 - 1;
        assert_eq!(terms.last(), LogId::new(model[last as usize], last));
        assert_eq!(terms.first(), dropped + 1);
        for index in 0..last + 2 {
            let expected = (index >= dropped).then(|| model.get(index as usize).copied()).flatten();
            assert_eq!(terms.term(index), expected, "index {index} of {terms:?}");
        }
        let spans = terms.spans(dropped + 1, last);
        let flat: Vec<_> = spans.iter().flat_map(|s| (s.first..=s.last).map(move |_| s.term)).collect();
        assert_eq!(flat, model[dropped as usize + 1..]);
        assert_eq!(spans.count(), last - dropped);
    }
}
