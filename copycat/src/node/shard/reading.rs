//! Reads bypass the log, but run only on a state that reflects what they must see.

use super::super::applier::{ApplyProgress, Read, Work};
use super::lines::{Lines, OrderedRead};
use super::queue::{Queue, QueuedRequest};
use crate::codec::access::{Access, Consistency};
use crate::codec::command::Call;
use crate::codec::ids::{GroupId, Index, Term};
use crate::raft::lease::Lease;
use crate::raft::read_queue::ReadTicket;
use crate::request::error::RequestError;
use crate::request::reply::Replies;
use std::collections::VecDeque;
use std::time::Duration;

/// The reads of a group that were not dispatched to the applier yet.
#[derive(Debug, Default)]
pub(super) struct PendingReads {
    /// Reads that wait for a round of heartbeats that began after they arrived, oldest first.
    awaiting_round: VecDeque<(ReadTicket, QueuedRequest)>,
    /// Confirmed reads, oldest first. Each may run once every entry up to its index was dispatched.
    confirmed: VecDeque<(Index, QueuedRequest)>,
    /// Reads that rest on a lease, oldest first. Each may run once every entry up to the lease's index was dispatched.
    leased: VecDeque<(Lease, QueuedRequest)>,
    /// Reads that any state may answer.
    eventual: VecDeque<QueuedRequest>,
    /// Reads of lines. All other reads may see writes that are proposed after them.
    lines: Lines,
    /// The number of reads that were taken since the start, without those that were turned away again, and the bytes of
    /// their arguments. Both are updated incrementally, because every arriving request needs the sums.
    taken: u64,
    taken_bytes: u64,
}

impl PendingReads {
    /// Queues a read that may run on any state.
    pub(super) fn serve_any(&mut self, read: QueuedRequest) {
        self.take(&read);
        self.eventual.push_back(read);
    }

    /// Queues a read that rests on a lease. `last` is the end of the log.
    pub(super) fn serve_within(&mut self, term: Term, last: Index, lease: Lease, read: QueuedRequest) {
        self.take(&read);
        let newest = self.leased.back().map(|(newest, _)| newest.index);
        assert!(newest <= Some(lease.index), "reads must reflect {}, and {newest:?} before", lease.index);
        if read.call.access.is_unordered() {
            return self.leased.push_back((lease, read));
        }
        let (low, lease_end) = (lease.index, Some(lease.end));
        self.lines.serve_within(term, OrderedRead { low, high: last, ticket: None, lease_end, read });
    }

    /// Queues a read that waits for the confirmation of `ticket`. `last` is the end of the log when the turn began.
    pub(super) fn await_ticket(&mut self, term: Term, last: Index, ticket: ReadTicket, read: QueuedRequest) {
        self.take(&read);
        let newest = self.awaiting_round.back().map(|(newest, _)| *newest);
        assert!(newest <= Some(ticket), "{ticket:?} is given out after {newest:?}");
        if read.call.access.is_unordered() {
            return self.awaiting_round.push_back((ticket, read));
        }
        let without_lease = matches!(read.call.access, Access::Read(Consistency::Lease, _));
        let bounded = OrderedRead { low: 0, high: last, ticket: Some(ticket), lease_end: None, read };
        self.lines.await_ticket(term, bounded, without_lease);
    }

    /// Queues a read that waits for the entry `high`, and for the confirmation of `ticket` if there is one.
    pub(super) fn await_entry(
        &mut self,
        term: Term,
        high: Index,
        ticket: Option<ReadTicket>,
        read: QueuedRequest,
    ) {
        self.take(&read);
        self.lines.await_entry(term, OrderedRead { low: high, high, ticket, lease_end: None, read });
    }

    /// Returns whether a lease that holds is enough for `read`; see [`Lines::may_lease`].
    pub(super) fn may_lease(&self, read: &QueuedRequest) -> bool {
        read.call.access.is_unordered() || self.lines.may_lease()
    }

    fn take(&mut self, read: &QueuedRequest) {
        self.taken += 1;
        self.taken_bytes += read.call.len() as u64;
    }

    /// Removes a read from the counts, because it does not go to the applier.
    fn turn_away(&mut self, read: QueuedRequest) -> QueuedRequest {
        assert!(self.taken > 0 && self.taken_bytes >= read.call.len() as u64, "each was counted");
        self.taken -= 1;
        self.taken_bytes -= read.call.len() as u64;
        read
    }

    /// Returns whether no read waits to be dispatched.
    pub(super) fn is_idle(&self) -> bool {
        let none = self.awaiting_round.is_empty() && self.confirmed.is_empty() && self.leased.is_empty();
        none && self.eventual.is_empty() && self.lines.is_empty()
    }

    /// Returns the number of unanswered reads, including those that the applier has.
    pub(super) fn len(&self, progress: &ApplyProgress) -> usize {
        let (taken, answered) = (self.taken, progress.reads());
        assert!(answered <= taken, "{answered} reads were answered, and {taken} taken in");
        usize::try_from(taken - answered).unwrap_or(usize::MAX)
    }

    /// Returns the bytes of their arguments.
    pub(super) fn bytes(&self, progress: &ApplyProgress) -> u64 {
        let (taken, answered) = (self.taken_bytes, progress.read_bytes());
        assert!(answered <= taken, "reads of {answered} bytes were answered, and {taken} taken in");
        taken - answered
    }

    /// Records that tickets up to `through` are confirmed: their reads may run on a state that reflects `index`.
    pub(super) fn confirm(&mut self, through: ReadTicket, index: Index) {
        let newest = self.confirmed.back().map(|(newest, _)| *newest);
        assert!(newest <= Some(index), "reads are confirmed at {index} behind those at {newest:?}");
        while let Some((_, read)) = self.awaiting_round.pop_front_if(|(ticket, _)| *ticket <= through) {
            self.confirmed.push_back((index, read));
        }
        self.lines.confirm(through, index);
    }

    /// Moves unconfirmed reads back to the queue after the leadership has ended. They have no effect yet, so the next
    /// leader may serve them.
    pub(super) fn return_to(&mut self, queue: &mut Queue) {
        while let Some((_, read)) = self.awaiting_round.pop_back() {
            queue.push_front(self.turn_away(read));
        }
    }

    /// Returns the term that the waiting reads of lines depend on; `None` if no such read waits.
    pub(super) fn lines_term(&self) -> Option<Term> {
        (!self.lines.is_empty()).then(|| self.lines.term())
    }

    /// Refuses the reads of lines after their leadership has ended. The next leader cannot serve them, because later
    /// writes of their clients may already be in its log.
    pub(super) fn refuse_lines(&mut self, replies: &mut Replies) {
        for read in std::mem::take(&mut self.lines).into_reads() {
            replies.fail(self.turn_away(read).reply, RequestError::NotLeader);
        }
    }

    /// Takes the reads that must run before an entry up to `last`, which is committed. Returns each with the last entry
    /// that it may see; ascending.
    pub(super) fn take_below(&mut self, last: Index) -> Vec<(Index, Read)> {
        let mut below = Vec::new();
        while let Some(read) = self.lines.pop_below(last) {
            below.push((read.high, work(read.lease_end, read.read)));
        }
        below.sort_by_key(|(index, _)| *index);
        below
    }

    /// Dispatches the reads that may run now that every entry up to `dispatched` is with the applier.
    pub(super) fn take_ready(&mut self, group: GroupId, dispatched: Index, out: &mut Vec<Work>) {
        while let Some(read) = self.eventual.pop_front() {
            out.push(Work::Read { group, read: work(None, read) });
        }
        while let Some((_, read)) = self.confirmed.pop_front_if(|(index, _)| *index <= dispatched) {
            out.push(Work::Read { group, read: work(None, read) });
        }
        while let Some((lease, read)) = self.leased.pop_front_if(|(lease, _)| lease.index <= dispatched) {
            out.push(Work::Read { group, read: work(Some(lease.end), read) });
        }
        while let Some(OrderedRead { lease_end, read, .. }) = self.lines.pop_ready(dispatched) {
            out.push(Work::Read { group, read: work(lease_end, read) });
        }
    }

    /// Returns the earliest deadline of the reads in front.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let first = |reads: &VecDeque<(Index, QueuedRequest)>| reads.front().map(|(_, read)| read.deadline);
        let awaiting_round = self.awaiting_round.front().map(|(_, read)| read.deadline);
        let leased = self.leased.front().map(|(_, read)| read.deadline);
        let all = [awaiting_round, first(&self.confirmed), leased, self.lines.deadline()];
        all.into_iter().flatten().min()
    }

    /// Fails the reads whose deadline has passed.
    pub(super) fn expire(&mut self, now: Duration, replies: &mut Replies) {
        while let Some(read) = self.pop_expired(now) {
            replies.fail(self.turn_away(read).reply, RequestError::Timeout);
        }
    }

    fn pop_expired(&mut self, now: Duration) -> Option<QueuedRequest> {
        let awaiting_round =
            self.awaiting_round.pop_front_if(|(_, read)| read.deadline <= now).map(|(_, read)| read);
        awaiting_round
            .or_else(|| self.confirmed.pop_front_if(|(_, read)| read.deadline <= now).map(|(_, read)| read))
            .or_else(|| self.leased.pop_front_if(|(_, read)| read.deadline <= now).map(|(_, read)| read))
            .or_else(|| self.lines.pop_expired(now))
    }

    pub(super) fn abandon(&mut self, error: RequestError, replies: &mut Replies) {
        let awaiting_round = std::mem::take(&mut self.awaiting_round).into_iter().map(|(_, read)| read);
        let confirmed = std::mem::take(&mut self.confirmed).into_iter().map(|(_, read)| read);
        let leased = std::mem::take(&mut self.leased).into_iter().map(|(_, read)| read);
        let lines = std::mem::take(&mut self.lines).into_reads();
        let eventual = std::mem::take(&mut self.eventual);
        for read in awaiting_round.chain(confirmed).chain(leased).chain(lines).chain(eventual) {
            replies.fail(self.turn_away(read).reply, error);
        }
    }
}

fn work(lease_end: Option<Duration>, read: QueuedRequest) -> Read {
    let Call { stamp, command, .. } = read.call;
    Read { stamp, command, lease_end, reply: read.reply }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::command::Command;
    use crate::codec::ids::MethodId;
    use crate::request::reply::ReplyTo;
    use tokio::sync::oneshot;

    fn read(bytes: usize, deadline: u64) -> QueuedRequest {
        let command = Command { method: MethodId(1), key_len: 0, body: vec![0; bytes].into() };
        QueuedRequest {
            term: 0,
            call: Call::new(Access::read(Consistency::Strict), command),
            reply: ReplyTo::Proxy(oneshot::channel().0),
            deadline: Duration::from_secs(deadline),
        }
    }

    #[test]
    fn reads_are_counted_until_they_are_answered_or_turned_away() {
        let (mut reads, mut queue) = (PendingReads::default(), Queue::default());
        let (progress, mut replies, mut work) = (ApplyProgress::default(), Replies::default(), Vec::new());
        let count = |reads: &PendingReads| (reads.len(&progress), reads.bytes(&progress));
        for at in 1..=4 {
            reads.await_ticket(1, 0, ReadTicket(at), read(10, at));
        }
        reads.serve_any(read(5, 9));
        assert_eq!(count(&reads), (5, 45));
        reads.expire(Duration::from_secs(1), &mut replies);
        assert_eq!(count(&reads), (4, 35), "one waited too long");
        reads.confirm(ReadTicket(2), 7);
        reads.take_ready(GroupId(1), 7, &mut work);
        assert_eq!((work.len(), count(&reads)), (2, (4, 35)), "the applier has not answered yet");
        reads.return_to(&mut queue);
        assert_eq!((queue.len(), count(&reads)), (2, (2, 15)), "two are back in line");
        reads.serve_any(read(1, 9));
        reads.abandon(RequestError::Stopped, &mut replies);
        assert_eq!(count(&reads), (2, 15), "what the applier has is its own");
    }
}
