//! PendingReads that keep their place among the calls of their client.
//!
//! Each has two bounds, both given when the leader takes it: `low`, the last entry its answer must reflect, and
//! `high`, the last one it may. It runs between them, and so never behind `high`. Nothing ever waits for that,
//! because of this:
//!
//! *When an entry behind `high` is committed in the leadership that took the read, the read is confirmed.*
//!
//! Let T be the term of that leadership, and p an entry that it proposed after it had taken the read. In T only
//! counting moves the commit index, so that p is committed means that a majority had the entry p of term T, and
//! said so in term T. Each of them was thus still in term T after the read had been taken, and had given no vote
//! in a later term. A leader of a later term needs a vote of one of them: it was elected after the read was
//! taken. So whatever was acknowledged before the read was either acknowledged by this leader, or is in its log
//! from its election on (§5.4.3); in both cases it stands at or before `high`. This is the argument of ReadIndex
//! (thesis §6.4) with the append as the round of heartbeats.
//!
//! The entry behind `high` is such a p. So is `high` itself if it was proposed in the very turn that took the read.
//! The term's own first entry is never behind `high`, because `high` is the end of a log that holds it.
//!
//! All of it hangs on one leadership: when it ends, the reads that still wait are refused. They cannot be asked
//! again, since what their clients wrote after them may be in the log by then.

use super::queue::QueuedRequest;
use crate::codec::ids::{Index, Term};
use crate::raft::read::ReadTicket;
use std::collections::VecDeque;
use std::time::Duration;

/// A read and its bounds.
#[derive(Debug)]
pub(super) struct OrderedRead {
    /// The last entry it must reflect, besides what its ticket's confirmation says.
    pub low: Index,
    /// The last entry it may reflect.
    pub high: Index,
    /// What has to be confirmed before it may run at an index that is not behind `high`; `None`: nothing.
    pub ticket: Option<ReadTicket>,
    /// If it rests on a lease: when that ends.
    pub lease_end: Option<Duration>,
    pub read: QueuedRequest,
}

/// The reads of lines that the applier does not have yet, all of one leadership. Each queue is in the order of
/// arrival, and therefore in that of deadlines, bounds and tickets: only its front needs to be looked at.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The term in which this member took them, as its leader.
    term: Term,
    /// They rest on a lease, and wait only while the applier is far behind.
    leased: VecDeque<OrderedRead>,
    /// They wait for a confirmation.
    asked: VecDeque<OrderedRead>,
    /// They wait for what their own clients have written before them: `low` is `high`.
    behind: VecDeque<OrderedRead>,
    /// The newest ticket that was confirmed, and what that showed to be committed.
    confirmed: (Option<ReadTicket>, Index),
    /// The newest ticket of a read that wanted a lease when there was none.
    lapsed: Option<ReadTicket>,
}

impl Lines {
    pub(super) fn is_empty(&self) -> bool {
        self.leased.is_empty() && self.asked.is_empty() && self.behind.is_empty()
    }

    /// The term whose leader they need.
    pub(super) fn term(&self) -> Term {
        self.term
    }

    /// Whether a lease is enough for a read that asks for no more. Not while an earlier one waits that found no
    /// lease: the later would be served before it.
    pub(super) fn may_lease(&self) -> bool {
        self.lapsed <= self.confirmed.0
    }

    /// A read that rests on a lease.
    pub(super) fn serve_within(&mut self, term: Term, read: OrderedRead) {
        self.enter(term, &read);
        assert!(
            read.lease_end.is_some() && read.ticket.is_none(),
            "it rests on a lease, and on nothing else"
        );
        assert!(follows(self.leased.back(), &read), "bounds of reads on a lease fall to {}", read.high);
        self.leased.push_back(read);
    }

    /// A read that waits for its ticket; `lapsed`: for want of a lease.
    pub(super) fn await_ticket(&mut self, term: Term, read: OrderedRead, lapsed: bool) {
        self.enter(term, &read);
        assert!(
            read.ticket.is_some() && read.lease_end.is_none(),
            "it waits for a ticket, and for nothing else"
        );
        assert!(follows(self.asked.back(), &read), "bounds of reads with tickets fall to {}", read.high);
        if lapsed {
            self.lapsed = read.ticket;
        }
        self.asked.push_back(read);
    }

    /// A read that waits for the entry `high`, and for its ticket if it has one.
    pub(super) fn await_entry(&mut self, term: Term, read: OrderedRead) {
        assert_eq!(read.low, read.high, "it must see all that it may see");
        self.enter(term, &read);
        assert!(follows(self.behind.back(), &read), "bounds of reads behind writes fall to {}", read.high);
        self.behind.push_back(read);
    }

    fn enter(&mut self, term: Term, read: &OrderedRead) {
        assert!(read.low <= read.high, "a read that runs behind {} and not behind {}", read.low, read.high);
        assert!(self.term == term || self.is_empty(), "reads of term {} wait in term {term}", self.term);
        self.term = term;
    }

    /// Tickets up to `through` are confirmed; `index` was committed when the newest of them was given.
    pub(super) fn confirm(&mut self, through: ReadTicket, index: Index) {
        assert!(self.confirmed.0 < Some(through), "{through:?} is confirmed after {:?}", self.confirmed.0);
        self.confirmed = (Some(through), index);
    }

    /// The next that may run now that everything up to `handed` was handed over.
    pub(super) fn pop_ready(&mut self, handed: Index) -> Option<OrderedRead> {
        let (through, index) = self.confirmed;
        self.pop_if(|read| {
            // Tickets share a confirmation, and the index is that of the newest: an earlier read's own is less.
            let low = if read.ticket.is_some() { index.min(read.high) } else { 0 }.max(read.low);
            assert!(handed <= read.high, "nothing behind {} was handed over: {handed}", read.high);
            read.ticket <= through && low <= handed
        })
    }

    /// The next that has to run before an entry up to `last`, which is committed.
    pub(super) fn pop_below(&mut self, last: Index) -> Option<OrderedRead> {
        self.pop_if(|read| read.high < last)
    }

    /// When the time of the first is up.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let queues = [&self.leased, &self.asked, &self.behind];
        queues.into_iter().filter_map(|queue| queue.front()).map(|first| first.read.deadline).min()
    }

    /// The next whose time is up.
    pub(super) fn pop_expired(&mut self, now: Duration) -> Option<QueuedRequest> {
        self.pop_if(|read| read.read.deadline <= now).map(|popped| popped.read)
    }

    /// All of them, in no order.
    pub(super) fn into_reads(self) -> impl Iterator<Item = QueuedRequest> {
        self.leased.into_iter().chain(self.asked).chain(self.behind).map(|bounded| bounded.read)
    }

    fn pop_if(&mut self, wanted: impl Fn(&OrderedRead) -> bool) -> Option<OrderedRead> {
        // In this order, so that of two reads of one line that run at the same index the earlier runs first.
        let queues = [&mut self.leased, &mut self.asked, &mut self.behind];
        queues.into_iter().find_map(|queue| queue.pop_front_if(|read| wanted(read)))
    }
}

/// Whether a read may stand behind the last of its queue, of which only the front is looked at.
fn follows(last: Option<&OrderedRead>, read: &OrderedRead) -> bool {
    last.is_none_or(|last| last.high <= read.high && last.low <= read.low)
}
