//! Requests on their way to a leader elsewhere, and the answers that come back.
//!
//! A batch names the term it is meant for; a leader of another term refuses the whole, so that what was
//! sent in one order is never proposed in another. Nothing is sent twice: whether a write whose answer
//! is missing has happened is not known here, and the caller is told so.

use super::super::wire::Message;
use super::peers::Peers;
use super::queue::{Queue, QueuedRequest};
use crate::codec::ids::{GroupId, MemberId, Term};
use crate::request::failure::Failure;
use crate::request::reply::{Replies, ReplyTo};
use crate::request::wire::results::Answered;
use crate::request::wire::submit::{Submit, Submitted};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::time::Duration;

/// Pause between two looks for requests whose time is up.
const EXPIRY_INTERVAL: Duration = Duration::from_millis(50);

/// A request that is under way to a leader.
#[derive(Debug)]
struct Forwarded {
    to: MemberId,
    deadline: Duration,
    reply: ReplyTo,
}

/// The requests of all groups that are under way.
#[derive(Debug)]
pub(super) struct Forwarding {
    under_way: BTreeMap<u64, Forwarded>,
    /// How many were ever sent.
    total: u64,
    /// Number of the next. Never given twice, so that an answer of a connection that has broken is not taken for one
    /// of the next.
    next_number: u64,
    /// When to look again for those whose time is up.
    next_expiry: Duration,
    /// Bytes of requests in one message, if so many wait.
    batch_bytes: usize,
}

impl Forwarding {
    pub(super) fn new(batch_bytes: usize) -> Forwarding {
        let (under_way, next_expiry) = (BTreeMap::new(), Duration::ZERO);
        Forwarding { under_way, total: 0, next_number: 1, next_expiry, batch_bytes }
    }

    /// How many are under way.
    pub(super) fn len(&self) -> usize {
        self.under_way.len()
    }

    /// How many were ever sent.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Sends what is queued for `group` to its leader. Without a connection it stays queued until there is one, or
    /// another leader, or its time is up.
    pub(super) fn forward(
        &mut self,
        now: Duration,
        group: GroupId,
        (term, leader): (Term, MemberId),
        queue: &mut Queue,
        peers: &mut Peers,
        replies: &mut Replies,
    ) {
        while !queue.is_empty() && peers.is_open(leader) {
            let (requests, left) = self.batch(now, leader, queue, replies);
            if requests.is_empty() {
                return;
            }
            let numbers: Vec<u64> = requests.iter().map(|request| request.id).collect();
            if !peers.send(leader, Message::Submit(Submit { group, term, left, requests })) {
                let refused = |number| self.answer(number, Err(Failure::Busy.code()), replies);
                numbers.into_iter().for_each(refused);
                return;
            }
        }
    }

    /// Requests of one message, and the time that is left to those that have most of it.
    fn batch(
        &mut self,
        now: Duration,
        leader: MemberId,
        queue: &mut Queue,
        replies: &mut Replies,
    ) -> (Vec<Submitted>, Duration) {
        let (mut requests, mut bytes, mut left) = (Vec::new(), 0, Duration::ZERO);
        while bytes < self.batch_bytes
            && let Some(pending) = queue.pop_front()
        {
            if pending.term != 0 {
                // It was meant for this member, which led when it came and leads no more.
                replies.fail(pending.reply, Failure::NotLeader);
                continue;
            }
            bytes += pending.call.len();
            left = left.max(pending.deadline.saturating_sub(now));
            requests.push(self.submit(leader, pending));
        }
        (requests, left)
    }

    fn submit(&mut self, to: MemberId, pending: QueuedRequest) -> Submitted {
        let QueuedRequest { term, call, reply, deadline } = pending;
        assert_eq!(term, 0, "a request for the leader of one term is passed on");
        let id = self.next_number;
        self.next_number += 1;
        self.total += 1;
        let before = self.under_way.insert(id, Forwarded { to, deadline, reply });
        assert!(before.is_none(), "a number is given once");
        assert!(self.under_way.len() as u64 <= self.total, "more are under way than were ever sent");
        Submitted { id, call }
    }

    /// Answers have come back from whom the requests were sent to; nobody else is asked, or believed.
    pub(super) fn take_answers(&mut self, from: MemberId, answers: Vec<Answered>, replies: &mut Replies) {
        for Answered { id, result } in answers {
            if self.under_way.get(&id).is_some_and(|forwarded| forwarded.to == from) {
                self.answer(id, result, replies);
            }
        }
    }

    fn answer(&mut self, number: u64, result: Result<Bytes, u16>, replies: &mut Replies) {
        if let Some(forwarded) = self.under_way.remove(&number) {
            replies.answer(forwarded.reply, result.map_err(Failure::received));
        }
    }

    /// The connection to `peer` broke: what it was asked may or may not have happened.
    pub(super) fn fail_to(&mut self, peer: MemberId, replies: &mut Replies) {
        for (_, forwarded) in self.under_way.extract_if(.., |_, forwarded| forwarded.to == peer) {
            replies.fail(forwarded.reply, Failure::Disconnected);
        }
    }

    /// When [`expire`](Self::expire) has something to do.
    pub(super) fn deadline(&self) -> Option<Duration> {
        (!self.under_way.is_empty()).then_some(self.next_expiry)
    }

    /// Ends the wait of those whose time is up. What was forwarded later may have waited for longer before, so all are
    /// looked at, and not with every tick.
    pub(super) fn expire(&mut self, now: Duration, replies: &mut Replies) {
        if now < self.next_expiry {
            return;
        }
        self.next_expiry = now + EXPIRY_INTERVAL;
        for (_, late) in self.under_way.extract_if(.., |_, forwarded| forwarded.deadline <= now) {
            replies.fail(late.reply, Failure::Timeout);
        }
    }

    /// Ends the wait of all.
    pub(super) fn abandon(&mut self, failure: Failure, replies: &mut Replies) {
        while let Some((_, forwarded)) = self.under_way.pop_first() {
            replies.fail(forwarded.reply, failure);
        }
    }
}
