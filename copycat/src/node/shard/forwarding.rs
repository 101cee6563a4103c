//! Requests in flight to a leader on another member, and the answers to them.
//!
//! A batch names the term it is meant for. A leader of another term refuses the whole batch, so requests that were sent
//! in one order are never proposed in another. A request is never sent twice: this member cannot know whether a write
//! without an answer has happened, and tells the caller so.

use super::super::wire::Message;
use super::peers::Peers;
use super::queue::{Queue, QueuedRequest};
use crate::codec::ids::{GroupId, MemberId, Term};
use crate::request::error::{Failure, RequestError};
use crate::request::reply::{Replies, ReplyTo};
use crate::request::wire::results::Answered;
use crate::request::wire::submit::{Submit, Submitted};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::time::Duration;

/// Pause between two checks for requests whose deadline has passed.
const EXPIRY_INTERVAL: Duration = Duration::from_millis(50);

/// A request that is in flight to a leader.
#[derive(Debug)]
struct Forwarded {
    to: MemberId,
    deadline: Duration,
    reply: ReplyTo,
}

/// The requests of all groups that are in flight to other members.
#[derive(Debug)]
pub(super) struct Forwarding {
    in_flight: BTreeMap<u64, Forwarded>,
    /// The number of requests that were ever forwarded.
    total: u64,
    /// The number of the next request. Numbers are never reused, so a late answer of a broken connection is not taken
    /// for an answer to a newer request.
    next_number: u64,
    /// The time of the next check of the deadlines.
    next_expiry: Duration,
    /// Bytes of requests in one message.
    batch_bytes: usize,
}

impl Forwarding {
    pub(super) fn new(batch_bytes: usize) -> Forwarding {
        let (in_flight, next_expiry) = (BTreeMap::new(), Duration::ZERO);
        Forwarding { in_flight, total: 0, next_number: 1, next_expiry, batch_bytes }
    }

    /// Returns the number of requests in flight.
    pub(super) fn len(&self) -> usize {
        self.in_flight.len()
    }

    /// Returns the number of requests that were ever forwarded.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Sends the queued requests of `group` to its leader. Without a connection they stay queued until there is one,
    /// until another leader is known, or until their deadline passes.
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
                let refused = |number| self.answer(number, Err(RequestError::Busy.into()), replies);
                numbers.into_iter().for_each(refused);
                return;
            }
        }
    }

    /// Takes the requests of one message. Returns them with the longest remaining time of any of them.
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
                // The request was meant for this member, which led when it arrived and does not lead now.
                replies.fail(pending.reply, RequestError::NotLeader);
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
        let before = self.in_flight.insert(id, Forwarded { to, deadline, reply });
        assert!(before.is_none(), "a number is given once");
        assert!(self.in_flight.len() as u64 <= self.total, "more are in flight than were ever sent");
        Submitted { id, call }
    }

    /// Passes answers on to the callers. An answer counts only if it comes from the member that the request was sent
    /// to.
    pub(super) fn take_answers(&mut self, from: MemberId, answers: Vec<Answered>, replies: &mut Replies) {
        for Answered { id, result } in answers {
            if self.in_flight.get(&id).is_some_and(|forwarded| forwarded.to == from) {
                self.answer(id, result, replies);
            }
        }
    }

    fn answer(&mut self, number: u64, result: Result<Bytes, Failure>, replies: &mut Replies) {
        if let Some(forwarded) = self.in_flight.remove(&number) {
            replies.answer(forwarded.reply, result.map_err(RequestError::received));
        }
    }

    /// Fails the requests in flight to `peer`, whose connection is closed. They may or may not have happened.
    pub(super) fn fail_to(&mut self, peer: MemberId, replies: &mut Replies) {
        for (_, forwarded) in self.in_flight.extract_if(.., |_, forwarded| forwarded.to == peer) {
            replies.fail(forwarded.reply, RequestError::Disconnected);
        }
    }

    /// Returns the time at which [`expire`](Self::expire) has work.
    pub(super) fn deadline(&self) -> Option<Duration> {
        (!self.in_flight.is_empty()).then_some(self.next_expiry)
    }

    /// Fails the requests whose deadline has passed. Deadlines do not ascend with the numbers, because a request may
    /// have been queued before it was forwarded. So all requests are checked, but not in every tick.
    pub(super) fn expire(&mut self, now: Duration, replies: &mut Replies) {
        if now < self.next_expiry {
            return;
        }
        self.next_expiry = now + EXPIRY_INTERVAL;
        for (_, late) in self.in_flight.extract_if(.., |_, forwarded| forwarded.deadline <= now) {
            replies.fail(late.reply, RequestError::Timeout);
        }
    }

    /// Fails all requests in flight.
    pub(super) fn abandon(&mut self, error: RequestError, replies: &mut Replies) {
        while let Some((_, forwarded)) = self.in_flight.pop_first() {
            replies.fail(forwarded.reply, error);
        }
    }
}
