//! Log ids: an index together with its term.

use super::ids::{Index, Term};

/// The term and index of one entry of a log. Ordered as Raft compares logs (§5.4.1): by term, then by index. The
/// order of the fields is this rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct LogId {
    /// The term of the leader that made the entry.
    pub term: Term,
    /// The index of the entry.
    pub index: Index,
}

impl LogId {
    /// The position before the first entry.
    pub(crate) const ZERO: LogId = LogId { term: 0, index: 0 };

    /// Returns the log id with this term and index.
    pub(crate) const fn new(term: Term, index: Index) -> LogId {
        LogId { term, index }
    }
}

/// Consecutive entries of one term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// The term of all the entries.
    pub term: Term,
    /// The index of the first entry.
    pub first: Index,
    /// The index of the last entry; never below `first`.
    pub last: Index,
}

/// Consecutive entries, described by term and index only. Usually this is one span, which needs no allocation.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Spans {
    head: Option<Span>,
    rest: Vec<Span>,
}

impl Spans {
    /// No entries.
    pub(crate) const NONE: Spans = Spans { head: None, rest: Vec::new() };

    /// Appends a span, which must directly follow the last one. Merges the two if the term is the same.
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

    /// Returns the spans in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Span> + '_ {
        self.head.iter().chain(&self.rest).copied()
    }

    /// Returns the entries that lie in `first ..= last`.
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

    /// Returns whether there is no entry.
    pub(crate) fn is_empty(&self) -> bool {
        self.head.is_none()
    }

    /// Returns the number of entries.
    pub(crate) fn count(&self) -> u64 {
        match (self.head, self.last()) {
            (Some(head), Some(last)) => last.index - head.first + 1,
            _ => 0,
        }
    }

    /// Returns the last entry.
    pub(crate) fn last(&self) -> Option<LogId> {
        let newest = self.rest.last().or(self.head.as_ref())?;
        Some(LogId { term: newest.term, index: newest.last })
    }
}
