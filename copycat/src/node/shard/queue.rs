//! Requests that wait to be proposed or passed on.

use crate::codec::command::Call;
use crate::codec::ids::Term;
use crate::request::failure::Failure;
use crate::request::reply::{Replies, ReplyTo};
use std::collections::VecDeque;
use std::time::Duration;

/// A request that has neither been proposed nor passed on.
#[derive(Debug)]
pub(super) struct QueuedRequest {
    /// The term whose leader it is meant for; 0: any. One that names a term is never passed on.
    pub term: Term,
    pub call: Call,
    pub reply: ReplyTo,
    pub deadline: Duration,
}

/// Such requests, in the order of their arrival.
#[derive(Debug, Default)]
pub(super) struct Queue {
    requests: VecDeque<QueuedRequest>,
    bytes: usize,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.requests.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Bytes of their arguments.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes as u64
    }

    pub(super) fn push_back(&mut self, pending: QueuedRequest) {
        self.bytes += pending.call.len();
        self.requests.push_back(pending);
    }

    /// Puts one back where it was taken from.
    pub(super) fn push_front(&mut self, pending: QueuedRequest) {
        self.bytes += pending.call.len();
        self.requests.push_front(pending);
    }

    pub(super) fn pop_front(&mut self) -> Option<QueuedRequest> {
        let pending = self.requests.pop_front()?;
        assert!(self.bytes >= pending.call.len(), "each was counted");
        self.bytes -= pending.call.len();
        assert!(!self.requests.is_empty() || self.bytes == 0, "{} bytes of no request", self.bytes);
        Some(pending)
    }

    /// When the first has waited long enough. Deadlines grow along the queue.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.requests.front().map(|first| first.deadline)
    }

    /// Ends the wait of those whose time is up: no leader has taken them.
    pub(super) fn expire(&mut self, now: Duration, replies: &mut Replies) {
        while self.deadline().is_some_and(|deadline| deadline <= now)
            && let Some(pending) = self.pop_front()
        {
            replies.fail(pending.reply, Failure::NoLeader);
        }
    }

    /// Ends the wait of all, for one reason where they were asked here and another where they were asked elsewhere.
    pub(super) fn abandon(&mut self, here: Failure, elsewhere: Failure, replies: &mut Replies) {
        while let Some(pending) = self.pop_front() {
            let failure = match pending.reply {
                ReplyTo::Proxy(_) => here,
                ReplyTo::Origin(..) => elsewhere,
            };
            replies.fail(pending.reply, failure);
        }
    }
}
