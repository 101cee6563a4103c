//! Reads: beside the log, but never before what they must reflect.

use super::super::applier::{Progress, Work};
use super::super::failure::Failure;
use super::super::reply::Replies;
use super::ground::Ground;
use super::group::{Group, Pending};
use super::queue::Queue;
use crate::codec::ids::{GroupId, Index};
use crate::raft::lease::Lease;
use crate::raft::read::ReadTicket;
use crate::storage::StorageError;
use std::collections::VecDeque;
use std::time::Duration;

/// The reads of a group that were not handed to the applier yet.
#[derive(Debug, Default)]
pub(super) struct Reads {
    /// Waiting for a round of heartbeats that began after them, oldest first.
    asked: VecDeque<(ReadTicket, Pending)>,
    /// Free to run once everything up to the index was handed over; some only before an instant.
    confirmed: VecDeque<(Index, Option<Duration>, Pending)>,
    /// Those that any state may answer.
    eventual: VecDeque<Pending>,
    /// How many were taken in since the start, those aside that were turned away again, and the bytes of their
    /// arguments: counted as they come and go, since every arrival asks for the sums.
    taken: u64,
    taken_bytes: u64,
}

impl Reads {
    /// A read that may run against any state.
    pub(super) fn serve_any(&mut self, read: Pending) {
        self.take(&read);
        self.eventual.push_back(read);
    }

    /// A read that rests on a lease.
    pub(super) fn serve_within(&mut self, lease: Lease, read: Pending) {
        self.take(&read);
        self.confirmed.push_back((lease.index, Some(lease.end), read));
    }

    /// A read that waits for the confirmation of `ticket`.
    fn await_ticket(&mut self, ticket: ReadTicket, read: Pending) {
        self.take(&read);
        self.asked.push_back((ticket, read));
    }

    fn take(&mut self, read: &Pending) {
        self.taken += 1;
        self.taken_bytes += read.body.len() as u64;
    }

    /// It is not for the applier after all.
    fn turn_away(&mut self, read: Pending) -> Pending {
        self.taken -= 1;
        self.taken_bytes -= read.body.len() as u64;
        read
    }

    /// Reads that were not answered yet, those in the applier's hands included.
    pub(super) fn len(&self, progress: &Progress) -> usize {
        usize::try_from(self.taken - progress.reads()).unwrap_or(usize::MAX)
    }

    /// Bytes of their arguments.
    pub(super) fn bytes(&self, progress: &Progress) -> u64 {
        self.taken_bytes - progress.read_bytes()
    }

    /// Tickets up to `through` are confirmed.
    pub(super) fn confirm(&mut self, through: ReadTicket, index: Index) {
        while let Some((_, read)) = self.asked.pop_front_if(|(ticket, _)| *ticket <= through) {
            self.confirmed.push_back((index, None, read));
        }
    }

    /// Leadership is lost: unconfirmed reads have touched nothing and may ask the next leader.
    pub(super) fn return_to(&mut self, queue: &mut Queue) {
        while let Some((_, read)) = self.asked.pop_back() {
            queue.push_front(self.turn_away(read));
        }
    }

    /// Those that may run now that everything up to `handed` was handed over.
    pub(super) fn take_ready(&mut self, group: GroupId, handed: Index, work: &mut Vec<Work>) {
        while let Some(read) = self.eventual.pop_front() {
            work.push(hand_over(group, None, read));
        }
        while let Some((_, lease_end, read)) = self.confirmed.pop_front_if(|(index, ..)| *index <= handed) {
            work.push(hand_over(group, lease_end, read));
        }
    }

    /// Ends the wait of those whose time is up.
    pub(super) fn expire(&mut self, now: Duration, replies: &mut Replies) {
        while let Some((_, read)) = self.asked.pop_front_if(|(_, read)| read.deadline <= now) {
            replies.fail(self.turn_away(read).reply, Failure::Timeout);
        }
        while let Some((.., read)) = self.confirmed.pop_front_if(|(.., read)| read.deadline <= now) {
            replies.fail(self.turn_away(read).reply, Failure::Timeout);
        }
    }

    pub(super) fn abandon(&mut self, failure: Failure, replies: &mut Replies) {
        let asked = std::mem::take(&mut self.asked).into_iter().map(|(_, read)| read);
        let confirmed = std::mem::take(&mut self.confirmed).into_iter().map(|(.., read)| read);
        for read in asked.chain(confirmed).chain(std::mem::take(&mut self.eventual)) {
            replies.fail(self.turn_away(read).reply, failure);
        }
    }
}

fn hand_over(group: GroupId, lease_end: Option<Duration>, read: Pending) -> Work {
    Work::Read { group, method: read.method, body: read.body, lease_end, reply: read.reply }
}

impl Group {
    /// Asks the core for a confirmation that all strict reads of this turn share.
    pub(super) fn ask(
        &mut self,
        now: Duration,
        reads: Vec<Pending>,
        ground: &mut Ground,
    ) -> Result<(), StorageError> {
        if reads.is_empty() {
            return Ok(());
        }
        let mut effects = std::mem::take(&mut ground.effects);
        match self.core.read(now, &mut effects) {
            // The ticket is known before the effects are carried out: a single voter confirms at once.
            Ok(ticket) => reads.into_iter().for_each(|read| self.reads.await_ticket(ticket, read)),
            Err(_) => reads.into_iter().rev().for_each(|read| self.queue.push_front(read)),
        }
        self.carry_out(now, effects, &[], ground)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::reply::ReplyTo;
    use super::*;
    use crate::codec::access::{Access, Consistency};
    use crate::codec::ids::MethodId;
    use tokio::sync::oneshot;

    fn read(bytes: usize, deadline: u64) -> Pending {
        Pending {
            term: 0,
            access: Access::Read(Consistency::Strict),
            method: MethodId(1),
            key_len: 0,
            body: vec![0; bytes].into(),
            reply: ReplyTo::Proxy(oneshot::channel().0),
            deadline: Duration::from_secs(deadline),
        }
    }

    #[test]
    fn reads_are_counted_until_they_are_answered_or_turned_away() {
        let (mut reads, mut queue) = (Reads::default(), Queue::default());
        let (progress, mut replies, mut work) = (Progress::default(), Replies::default(), Vec::new());
        let count = |reads: &Reads| (reads.len(&progress), reads.bytes(&progress));
        for at in 1..=4 {
            reads.await_ticket(ReadTicket(at), read(10, at));
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
        reads.abandon(Failure::Stopped, &mut replies);
        assert_eq!(count(&reads), (2, 15), "what the applier has is its own");
    }
}
