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
    /// How many were handed over since the start, and the bytes of their arguments.
    handed: u64,
    handed_bytes: u64,
}

impl Reads {
    /// A read that may run against any state.
    pub(super) fn serve_any(&mut self, read: Pending) {
        self.eventual.push_back(read);
    }

    /// A read that rests on a lease.
    pub(super) fn serve_within(&mut self, lease: Lease, read: Pending) {
        self.confirmed.push_back((lease.index, Some(lease.end), read));
    }

    /// Whether no read waits to be handed over.
    pub(super) fn is_idle(&self) -> bool {
        self.asked.is_empty() && self.confirmed.is_empty() && self.eventual.is_empty()
    }

    /// Reads that were not answered yet, those in the applier's hands included.
    pub(super) fn len(&self, progress: &Progress) -> usize {
        let handed = self.handed - progress.reads();
        self.asked.len()
            + self.confirmed.len()
            + self.eventual.len()
            + usize::try_from(handed).unwrap_or(usize::MAX)
    }

    /// Bytes of their arguments.
    pub(super) fn bytes(&self, progress: &Progress) -> u64 {
        let waiting = self.asked.iter().map(|(_, read)| read);
        let waiting = waiting.chain(self.confirmed.iter().map(|(.., read)| read)).chain(&self.eventual);
        waiting.map(|read| read.body.len() as u64).sum::<u64>() + self.handed_bytes - progress.read_bytes()
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
            queue.push_front(read);
        }
    }

    /// Those that may run now that everything up to `handed` was handed over.
    pub(super) fn take_ready(&mut self, group: GroupId, handed: Index, work: &mut Vec<Work>) {
        while let Some(read) = self.eventual.pop_front() {
            work.push(self.hand_over(group, None, read));
        }
        while let Some((_, lease_end, read)) = self.confirmed.pop_front_if(|(index, ..)| *index <= handed) {
            work.push(self.hand_over(group, lease_end, read));
        }
    }

    fn hand_over(&mut self, group: GroupId, lease_end: Option<Duration>, read: Pending) -> Work {
        self.handed += 1;
        self.handed_bytes += read.body.len() as u64;
        Work::Read { group, method: read.method, body: read.body, lease_end, reply: read.reply }
    }

    /// Ends the wait of those whose time is up.
    pub(super) fn expire(&mut self, now: Duration, replies: &mut Replies) {
        while let Some((_, read)) = self.asked.pop_front_if(|(_, read)| read.deadline <= now) {
            replies.fail(read.reply, Failure::Timeout);
        }
        while let Some((.., read)) = self.confirmed.pop_front_if(|(.., read)| read.deadline <= now) {
            replies.fail(read.reply, Failure::Timeout);
        }
    }

    pub(super) fn abandon(&mut self, failure: Failure, replies: &mut Replies) {
        let asked = self.asked.drain(..).map(|(_, read)| read);
        let confirmed = self.confirmed.drain(..).map(|(.., read)| read);
        for read in asked.chain(confirmed).chain(self.eventual.drain(..)) {
            replies.fail(read.reply, failure);
        }
    }
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
            Ok(ticket) => self.reads.asked.extend(reads.into_iter().map(|read| (ticket, read))),
            Err(_) => reads.into_iter().rev().for_each(|read| self.queue.push_front(read)),
        }
        self.carry_out(now, effects, &[], ground)
    }
}
