//! Places in a log: an index together with its term.

use super::ids::{Index, Term};

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
