//! Requests on their way to a leader elsewhere, and the answers that come back.
//!
//! A batch names the term it is meant for; a leader of another term refuses the whole, so that what was
//! sent in one order is never proposed in another. Nothing is sent twice: whether a write whose answer
//! is missing has happened is not known here, and the caller is told so.

use super::super::wire::Message;
use super::ground::Ground;
use super::group::{Group, Pending};
use crate::codec::ids::{MemberId, Term};
use crate::request::failure::Failure;
use crate::request::reply::ReplyTo;
use crate::request::wire::results::Answered;
use crate::request::wire::submit::{Submit, Submitted};
use std::time::Duration;

/// Bytes of requests in one message, at least, if so many wait.
const BATCH_BYTES: usize = 1 << 20;

/// Pause between two looks for requests whose time is up.
const EXPIRY_INTERVAL: Duration = Duration::from_millis(50);

/// A request that is under way to a leader.
#[derive(Debug)]
pub(super) struct Forwarded {
    to: MemberId,
    deadline: Duration,
    reply: ReplyTo,
}

impl Group {
    /// Sends what is queued to `leader`. Without a connection it stays queued until there is one, or
    /// another leader, or its time is up.
    pub(super) fn forward(&mut self, now: Duration, leader: MemberId, term: Term, ground: &mut Ground) {
        while !self.queue.is_empty() && ground.is_open(leader) {
            let (mut requests, mut bytes, mut left) = (Vec::new(), 0, Duration::ZERO);
            while bytes < BATCH_BYTES
                && let Some(pending) = self.queue.pop_front()
            {
                if pending.term != 0 {
                    // It was meant for this member, which led when it came and leads no more.
                    ground.replies.fail(pending.reply, Failure::NotLeader);
                    continue;
                }
                bytes += pending.call.len();
                left = left.max(pending.deadline.saturating_sub(now));
                requests.push(ground.submit(leader, pending));
            }
            if requests.is_empty() {
                return;
            }
            let numbers: Vec<u64> = requests.iter().map(|request| request.id).collect();
            let message = Message::Submit(Submit { group: self.id, term, left, requests });
            if !ground.links.send(leader, message) {
                numbers
                    .into_iter()
                    .for_each(|number| ground.answer_forwarded(number, Err(Failure::Busy.code())));
                return;
            }
        }
    }
}

impl Ground {
    fn submit(&mut self, to: MemberId, pending: Pending) -> Submitted {
        let Pending { term: _, call, reply, deadline } = pending;
        let id = self.next_number;
        self.next_number += 1;
        self.forwarded_total += 1;
        self.forwarded.insert(id, Forwarded { to, deadline, reply });
        Submitted { id, call }
    }

    /// Answers have come back from whom the requests were sent to; nobody else is asked, or believed.
    pub(super) fn take_answers(&mut self, from: MemberId, answers: Vec<Answered>) {
        for Answered { id, result } in answers {
            if self.forwarded.get(&id).is_some_and(|forwarded| forwarded.to == from) {
                self.answer_forwarded(id, result);
            }
        }
    }

    fn answer_forwarded(&mut self, number: u64, result: Result<bytes::Bytes, u16>) {
        let Some(forwarded) = self.forwarded.remove(&number) else { return };
        let answer = result.map_err(Failure::received);
        self.replies.answer(forwarded.reply, answer);
    }

    /// The connection to `peer` broke: what it was asked may or may not have happened.
    pub(super) fn fail_forwarded_to(&mut self, peer: MemberId) {
        let lost = self.forwarded.extract_if(.., |_, forwarded| forwarded.to == peer);
        for (_, forwarded) in lost {
            self.replies.fail(forwarded.reply, Failure::Disconnected);
        }
    }

    /// Ends the wait of those whose time is up. What was forwarded later may have waited for longer before, so all are
    /// looked at, and not with every tick.
    pub(super) fn expire_forwarded(&mut self, now: Duration) {
        if now < self.next_expiry {
            return;
        }
        self.next_expiry = now + EXPIRY_INTERVAL;
        for (_, late) in self.forwarded.extract_if(.., |_, forwarded| forwarded.deadline <= now) {
            self.replies.fail(late.reply, Failure::Timeout);
        }
    }

    pub(super) fn abandon_forwarded(&mut self, failure: Failure) {
        while let Some((_, forwarded)) = self.forwarded.pop_first() {
            self.replies.fail(forwarded.reply, failure);
        }
    }
}
