//! Reads that are ordered among the calls of their client.
//!
//! A line is the ordered sequence of one client's calls, made by `in_order`. Each read of a line gets two bounds when
//! the leader takes it: `low`, the last entry that its answer must reflect, and `high`, the last entry that it may
//! reflect. The read runs at an applied index between `low` and `high`. This never delays the log, for the following
//! reason:
//!
//! *When an entry after `high` is committed in the leadership that took the read, the read is confirmed.*
//!
//! Let T be the term of that leadership, and p an entry that the leader proposed after it took the read. In T the
//! commit index advances only by counting. So if p is committed, a majority stored the entry p of term T, and
//! acknowledged it in term T. Each member of this majority was still in term T after the read was taken, and had not
//! voted in a later term. A leader of a later term needs the vote of one of them, so it was elected after the read was
//! taken. Therefore each write acknowledged before the read either was acknowledged by this leader, or has been in its
//! log since its election (§5.4.3). In both cases its index is at most `high`. This is the argument of ReadIndex
//! (thesis §6.4), with the append in place of the round of heartbeats.
//!
//! Two entries can be p: the one after `high`, and `high` itself if it was proposed in the turn that took the read,
//! after the read. The first entry of the term is neither: it was in the log before any read of this leadership was
//! taken.
//!
//! The argument holds within one leadership. When that ends, the reads that still wait are refused. They cannot be
//! retried at the next leader, because later writes of their clients may already be in its log.

use super::queue::QueuedRequest;
use crate::codec::ids::{Index, Term};
use crate::raft::read_queue::ReadTicket;
use std::collections::VecDeque;
use std::time::Duration;

/// A read of a line, and its bounds.
#[derive(Debug)]
pub(super) struct OrderedRead {
    /// The last entry that the answer must reflect, in addition to what the confirmation of the ticket requires.
    pub low: Index,
    /// The last entry that the answer may reflect.
    pub high: Index,
    /// The ticket that must be confirmed before the read may run at an index up to `high`; `None`: no ticket.
    pub ticket: Option<ReadTicket>,
    /// The end of the lease, if the read rests on one.
    pub lease_end: Option<Duration>,
    pub read: QueuedRequest,
}

/// The reads of lines that were not dispatched yet, all of one leadership. Each queue is in the order of arrival, which
/// is also the order of bounds and tickets. So only its front needs to be checked. This also holds for deadlines,
/// except that a forwarded read, which may have arrived with less time left, may fail late.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The term in which this member took the reads, as its leader.
    term: Term,
    /// Reads that rest on a lease. They wait only while the applier lags far behind.
    leased: VecDeque<OrderedRead>,
    /// Reads that wait for a confirmation.
    awaiting_round: VecDeque<OrderedRead>,
    /// Reads that wait for earlier writes of their own clients: `low` equals `high`.
    after_writes: VecDeque<OrderedRead>,
    /// The newest confirmed ticket, and the index that its confirmation showed to be committed.
    confirmed: (Option<ReadTicket>, Index),
    /// The newest ticket of a read that asked for a lease while there was none.
    newest_without_lease: Option<ReadTicket>,
}

impl Lines {
    pub(super) fn is_empty(&self) -> bool {
        self.leased.is_empty() && self.awaiting_round.is_empty() && self.after_writes.is_empty()
    }

    /// Returns the term of the leadership that the reads depend on.
    pub(super) fn term(&self) -> Term {
        self.term
    }

    /// Returns whether a lease read may be served by lease. It may not while an earlier lease read waits for a round of
    /// heartbeats; otherwise it would overtake that read.
    pub(super) fn may_lease(&self) -> bool {
        self.newest_without_lease <= self.confirmed.0
    }

    /// Queues a read that rests on a lease.
    pub(super) fn serve_within(&mut self, term: Term, read: OrderedRead) {
        self.enter(term, &read);
        assert!(
            read.lease_end.is_some() && read.ticket.is_none(),
            "it rests on a lease, and on nothing else"
        );
        assert!(follows(self.leased.back(), &read), "bounds of reads on a lease fall to {}", read.high);
        self.leased.push_back(read);
    }

    /// Queues a read that waits for its ticket. `without_lease`: it asked for a lease, and there was none.
    pub(super) fn await_ticket(&mut self, term: Term, read: OrderedRead, without_lease: bool) {
        self.enter(term, &read);
        assert!(
            read.ticket.is_some() && read.lease_end.is_none(),
            "it waits for a ticket, and for nothing else"
        );
        assert!(
            follows(self.awaiting_round.back(), &read),
            "bounds of reads with tickets fall to {}",
            read.high
        );
        if without_lease {
            self.newest_without_lease = read.ticket;
        }
        self.awaiting_round.push_back(read);
    }

    /// Queues a read that waits for the entry `high`, and for its ticket if it has one.
    pub(super) fn await_entry(&mut self, term: Term, read: OrderedRead) {
        assert_eq!(read.low, read.high, "it must see all that it may see");
        self.enter(term, &read);
        assert!(
            follows(self.after_writes.back(), &read),
            "bounds of reads after writes fall to {}",
            read.high
        );
        self.after_writes.push_back(read);
    }

    fn enter(&mut self, term: Term, read: &OrderedRead) {
        assert!(read.low <= read.high, "a read that runs after {} and not after {}", read.low, read.high);
        assert!(self.term == term || self.is_empty(), "reads of term {} wait in term {term}", self.term);
        self.term = term;
    }

    /// Records that tickets up to `through` are confirmed. `index` was committed when the newest of them was issued.
    pub(super) fn confirm(&mut self, through: ReadTicket, index: Index) {
        assert!(self.confirmed.0 < Some(through), "{through:?} is confirmed after {:?}", self.confirmed.0);
        self.confirmed = (Some(through), index);
    }

    /// Takes the next read that may run now that every entry up to `dispatched` is with the applier.
    pub(super) fn pop_ready(&mut self, dispatched: Index) -> Option<OrderedRead> {
        let (through, index) = self.confirmed;
        self.pop_if(|read| {
            // `index` belongs to the newest ticket confirmed. An older read needs no more than that, and it must not
            // see beyond `high`, so it takes the lower of the two.
            let low = if read.ticket.is_some() { index.min(read.high) } else { 0 }.max(read.low);
            assert!(dispatched <= read.high, "nothing after {} was dispatched: {dispatched}", read.high);
            read.ticket <= through && low <= dispatched
        })
    }

    /// Takes the next read that must run before an entry up to `last`, which is committed.
    pub(super) fn pop_below(&mut self, last: Index) -> Option<OrderedRead> {
        self.pop_if(|read| read.high < last)
    }

    /// Returns the earliest deadline of the reads in front.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let queues = [&self.leased, &self.awaiting_round, &self.after_writes];
        queues.into_iter().filter_map(|queue| queue.front()).map(|first| first.read.deadline).min()
    }

    /// Takes the next read whose deadline has passed.
    pub(super) fn pop_expired(&mut self, now: Duration) -> Option<QueuedRequest> {
        self.pop_if(|read| read.read.deadline <= now).map(|popped| popped.read)
    }

    /// Returns all reads, in no particular order.
    pub(super) fn into_reads(self) -> impl Iterator<Item = QueuedRequest> {
        self.leased
            .into_iter()
            .chain(self.awaiting_round)
            .chain(self.after_writes)
            .map(|bounded| bounded.read)
    }

    fn pop_if(&mut self, wanted: impl Fn(&OrderedRead) -> bool) -> Option<OrderedRead> {
        // In this order: of two reads of one line that run at the same index, the earlier one runs first.
        let queues = [&mut self.leased, &mut self.awaiting_round, &mut self.after_writes];
        queues.into_iter().find_map(|queue| queue.pop_front_if(|read| wanted(read)))
    }
}

/// Returns whether a read may follow the last one of its queue, of which only the front is checked.
fn follows(last: Option<&OrderedRead>, read: &OrderedRead) -> bool {
    last.is_none_or(|last| last.high <= read.high && last.low <= read.low)
}
