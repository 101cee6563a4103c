//! The requests of a group until they are proposed, forwarded, or served as reads.

use super::group_schema::GroupSchema;
use super::queue::{Queue, QueuedRequest};
use super::reading::PendingReads;
use super::writing::entry_len;
use crate::codec::access::{Access, Consistency, ReadOrder};
use crate::codec::frame::HEADER_LEN;
use crate::codec::ids::{Index, MemberId, Term};
use crate::raft::lease::Lease;
use crate::request::error::RequestError;
use crate::request::reply::Replies;

/// The queued requests of one group.
#[derive(Debug, Default)]
pub(super) struct Intake {
    pub queue: Queue,
}

/// What a leader uses for the reads and writes of one turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct LeaderContext {
    /// This member.
    pub me: MemberId,
    /// The term that the member leads in.
    pub term: Term,
    /// The last index of its log before the writes of this turn.
    pub last: Index,
    /// The lease of the leader, if it holds one.
    pub lease: Option<Lease>,
}

/// The requests of one turn, classified.
#[derive(Debug, Default)]
pub(super) struct TurnRequests {
    /// The writes, which become entries in this order.
    pub writes: Vec<QueuedRequest>,
    /// The bytes of these entries.
    pub bytes: usize,
    pub unconfirmed: UnconfirmedReads,
}

/// Reads that need a confirmation of the leadership.
#[derive(Debug, Default)]
pub(super) struct UnconfirmedReads {
    /// Reads that wait for a ticket, in the order of arrival: strict reads, and lease reads that no lease can serve.
    pub strict: Vec<QueuedRequest>,
    /// Reads that follow writes of the same line, each with the number of this turn's writes that precede it;
    /// ascending.
    pub after_writes: Vec<(u64, QueuedRequest)>,
}

impl Intake {
    /// Takes requests from the queue until their entries reach `bytes_max` bytes, and refuses those that the leader does
    /// not accept. Writes are returned, to be proposed together. Reads go to `reads` if they need no confirmation, and are returned otherwise.
    pub(super) fn take_requests(
        &mut self,
        context: LeaderContext,
        bytes_max: usize,
        schema: &GroupSchema,
        reads: &mut PendingReads,
        replies: &mut Replies,
    ) -> TurnRequests {
        let LeaderContext { term, last, lease, .. } = context;
        let mut turn = TurnRequests::default();
        while turn.bytes < bytes_max
            && let Some(pending) = self.queue.pop_front()
        {
            let meant = pending.term == 0 || pending.term == term;
            let checked = if meant {
                schema.check_as_leader(context.me, &pending.call)
            } else {
                Err(RequestError::NotLeader)
            };
            if let Err(error) = checked {
                replies.fail(pending.reply, error);
                continue;
            }
            match pending.call.access {
                Access::Write => {
                    turn.bytes += entry_len(&pending.call);
                    if turn.writes.is_empty() {
                        turn.writes.reserve(1 + self.queue.len());
                    }
                    turn.writes.push(pending);
                }
                Access::Read(_, ReadOrder::AfterWrites) => {
                    turn.unconfirmed.after_writes.push((turn.writes.len() as u64, pending));
                }
                Access::Read(Consistency::Eventual, _) => reads.serve_any(pending),
                Access::Read(Consistency::Lease, _) => match lease.filter(|_| reads.may_lease(&pending)) {
                    Some(lease) => reads.serve_within(term, last, lease, pending),
                    None => turn.unconfirmed.strict.push(pending),
                },
                Access::Read(Consistency::Strict, _) => turn.unconfirmed.strict.push(pending),
            }
        }
        let least = turn.writes.len() * HEADER_LEN;
        assert!(least <= turn.bytes, "{} entries of {} bytes", turn.writes.len(), turn.bytes);
        debug_assert!(
            turn.unconfirmed.after_writes.is_sorted_by_key(|(before, _)| *before),
            "reads follow ever more writes"
        );
        turn
    }

    /// Requeues the writes, and the reads that must come after at least one of them, in their old order. All other
    /// reads continue.
    pub(super) fn put_back(&mut self, mut writes: Vec<QueuedRequest>, unconfirmed: &mut UnconfirmedReads) {
        let waiting = unconfirmed.after_writes.partition_point(|(before, _)| *before == 0);
        for (writes_before, read) in unconfirmed.after_writes.drain(waiting..).rev() {
            writes.drain(writes_before as usize..).rev().for_each(|write| self.queue.push_front(write));
            self.queue.push_front(read);
        }
        writes.into_iter().rev().for_each(|write| self.queue.push_front(write));
        let writes_before = unconfirmed.after_writes.last().map_or(0, |(before, _)| *before);
        assert_eq!(writes_before, 0, "a read goes on, and the writes before it wait");
    }
}

impl UnconfirmedReads {
    /// Records that no write of this turn was appended, so no read has to wait for one.
    pub(super) fn without_writes(&mut self) {
        self.after_writes.iter_mut().for_each(|(before, _)| *before = 0);
    }

    /// Returns whether a confirmation is needed. A read after a write of this turn needs none: the commit of that write
    /// confirms it (see [`lines`](super::lines)).
    pub(super) fn needs_ticket(&self) -> bool {
        !self.strict.is_empty() || self.after_writes.first().is_some_and(|(before, _)| *before == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::command::{Call, Command};
    use crate::codec::ids::MethodId;
    use crate::request::reply::ReplyTo;
    use bytes::Bytes;
    use std::time::Duration;
    use tokio::sync::oneshot;

    fn pending(number: u32) -> QueuedRequest {
        let command = Command { method: MethodId(number), key_len: 0, body: Bytes::new() };
        let (call, reply) = (Call::new(Access::Write, command), ReplyTo::Proxy(oneshot::channel().0));
        QueuedRequest { term: 0, call, reply, deadline: Duration::ZERO }
    }

    #[test]
    fn what_is_put_back_stands_as_it_stood() {
        let mut intake = Intake::default();
        intake.queue.push_back(pending(8));
        let writes = [1, 2, 5, 7].map(pending).into();
        let after_writes = [(2, 3), (2, 4), (3, 6)].map(|(before, number)| (before, pending(number))).into();
        let mut unconfirmed = UnconfirmedReads { strict: Vec::new(), after_writes };
        intake.put_back(writes, &mut unconfirmed);
        assert!(unconfirmed.after_writes.is_empty());
        let order =
            std::iter::from_fn(|| intake.queue.pop_front()).map(|pending| pending.call.command.method.0);
        assert_eq!(order.collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7, 8]);
    }
}
