//! The leader's road: requests become entries.

use super::ground::Ground;
use super::group::{Group, Pending};
use super::queue::Queue;
use super::reading::Asking;
use crate::codec::access::{Access, Consistency, Place};
use crate::codec::command::Call;
use crate::codec::entries::{Entries, Packer};
use crate::codec::frame::{Codec, HEADER_LEN, Header, Kind};
use crate::codec::ids::{Index, Term};
use crate::codec::terms::Span;
use crate::raft::state::Status;
use crate::request::failure::Failure;
use crate::storage::StorageError;
use std::time::Duration;

/// Bytes of entries proposed in one turn, at most, beyond which the rest waits for the next: what
/// arrives during a flush forms one batch, but no batch shuts the others out.
const TURN_BYTES: usize = 4 << 20;

/// The requests of one turn, by the roads they take.
#[derive(Debug, Default)]
struct Turn {
    writes: Vec<Pending>,
    /// Of the entries they become.
    bytes: usize,
    asking: Asking,
}

/// What became of a turn's writes.
#[derive(Debug)]
enum Appended {
    /// Entries in their order.
    All,
    /// Nothing: they were refused.
    Nothing,
    /// Nothing yet.
    Later(Vec<Pending>),
}

impl Group {
    /// Takes the queue apart: writes are proposed together, reads go their way.
    pub(super) fn propose(&mut self, now: Duration, ground: &mut Ground) -> Result<(), StorageError> {
        let Status { term, last, .. } = self.core.status();
        let Turn { writes, bytes, mut asking } = self.take_turn(now, term, last.index, ground);
        match self.append(now, writes, bytes, ground)? {
            Appended::All => {}
            Appended::Nothing => asking.behind.iter_mut().for_each(|(ahead, _)| *ahead = 0),
            Appended::Later(writes) => {
                let waiting = asking.behind.partition_point(|(ahead, _)| *ahead == 0);
                put_back(&mut self.queue, writes, asking.behind.split_off(waiting));
            }
        }
        self.ask(now, (term, last.index), asking, ground)
    }

    fn take_turn(&mut self, now: Duration, term: Term, last: Index, ground: &mut Ground) -> Turn {
        let mut turn = Turn::default();
        let lease = self.core.lease(now);
        while turn.bytes < TURN_BYTES
            && let Some(pending) = self.queue.pop_front()
        {
            let meant =
                if pending.term == 0 || pending.term == term { Ok(()) } else { Err(Failure::NotLeader) };
            if let Err(failure) = meant.and_then(|()| self.check(&pending)) {
                ground.replies.fail(pending.reply, failure);
                continue;
            }
            match pending.call.access {
                Access::Write => {
                    turn.bytes += HEADER_LEN + pending.call.len();
                    turn.writes.push(pending);
                }
                Access::Read(_, Place::Behind) => {
                    turn.asking.behind.push((turn.writes.len() as u64, pending));
                }
                Access::Read(Consistency::Eventual, _) => self.reads.serve_any(pending),
                Access::Read(Consistency::Lease, _) => match lease.filter(|_| self.reads.may_lease(&pending))
                {
                    Some(lease) => self.reads.serve_within(term, last, lease, pending),
                    None => turn.asking.strict.push(pending),
                },
                Access::Read(Consistency::Strict, _) => turn.asking.strict.push(pending),
            }
        }
        turn
    }

    /// One proposal for all writes of the turn: one encoding, one append, one message per follower.
    fn append(
        &mut self,
        now: Duration,
        writes: Vec<Pending>,
        bytes: usize,
        ground: &mut Ground,
    ) -> Result<Appended, StorageError> {
        if writes.is_empty() {
            return Ok(Appended::Nothing);
        }
        let room =
            if ground.is_behind() { Err(StorageError::NotReady) } else { ground.journal.room_for(bytes) };
        match room {
            Ok(()) => {}
            // The disk is about to be ready for more.
            Err(StorageError::NotReady) => return Ok(Appended::Later(writes)),
            Err(StorageError::Full(_)) => {
                writes.into_iter().for_each(|write| ground.replies.fail(write.reply, Failure::StorageFull));
                return Ok(Appended::Nothing);
            }
            Err(error) => return Err(error),
        }
        let mut effects = std::mem::take(&mut ground.effects);
        // Indexes and term are given out in one step: a leader deposed in between stamps nothing.
        let Ok(span) = self.core.propose(writes.len() as u64, &mut effects) else {
            writes.into_iter().for_each(|write| ground.replies.fail(write.reply, Failure::NotLeader));
            ground.effects = effects;
            return Ok(Appended::Nothing);
        };
        let entries = self.encode(now, span, writes, bytes);
        self.marks.note(&entries);
        ground.journal.append(self.id, &entries)?;
        ground.await_durable(self.id, self.core.token());
        self.carry_out(now, effects, &Entries::default(), ground).map(|()| Appended::All)
    }

    /// The only encoding of these entries: these bytes are stored and sent.
    fn encode(&mut self, now: Duration, span: Span, writes: Vec<Pending>, bytes: usize) -> Entries {
        assert_eq!(span.last - span.first + 1, writes.len() as u64, "one index for each write");
        let mut packer = Packer::with_capacity(writes.len(), bytes);
        let time = self.clock.stamp(now);
        self.clock.observe(time, now);
        for (index, write) in (span.first..=span.last).zip(writes) {
            let Call { access: _, stamp, command } = write.call;
            let header = Header {
                codec: Codec::Bincode,
                stamp,
                method: command.method,
                key_len: command.key_len,
                ..Header::bare(Kind::Command, self.id, span.term, index, time)
            };
            packer.push(&header, &command.body);
            self.proposed.push(index, span.term, write.deadline, write.reply);
        }
        let entries = packer.seal();
        assert_eq!(entries.len(), bytes, "frames are as long as was counted");
        entries
    }
}

/// Writes that have to wait keep their place, and so do the reads behind them that may have to see them: before each
/// stand so many of the writes. All other reads go on.
fn put_back(queue: &mut Queue, mut writes: Vec<Pending>, behind: Vec<(u64, Pending)>) {
    for (ahead, read) in behind.into_iter().rev() {
        writes.drain(ahead as usize..).rev().for_each(|write| queue.push_front(write));
        queue.push_front(read);
    }
    writes.into_iter().rev().for_each(|write| queue.push_front(write));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::command::Command;
    use crate::codec::ids::MethodId;
    use crate::request::reply::ReplyTo;
    use bytes::Bytes;
    use tokio::sync::oneshot;

    fn pending(place: u32) -> Pending {
        let command = Command { method: MethodId(place), key_len: 0, body: Bytes::new() };
        let (call, reply) = (Call::new(Access::Write, command), ReplyTo::Proxy(oneshot::channel().0));
        Pending { term: 0, call, reply, deadline: Duration::ZERO }
    }

    #[test]
    fn what_is_put_back_stands_as_it_stood() {
        let mut queue = Queue::default();
        queue.push_back(pending(8));
        let writes = [1, 2, 5, 7].map(pending).into();
        let behind = [(2, 3), (2, 4), (3, 6)].map(|(ahead, place)| (ahead, pending(place))).into();
        put_back(&mut queue, writes, behind);
        let order = std::iter::from_fn(|| queue.pop_front()).map(|pending| pending.call.command.method.0);
        assert_eq!(order.collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7, 8]);
    }
}
