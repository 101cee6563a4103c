//! The queue of requests that were neither proposed nor forwarded yet.

use crate::codec::command::Call;
use crate::codec::ids::Term;
use crate::request::error::RequestError;
use crate::request::reply::{Replies, ReplyTo};
use std::collections::VecDeque;
use std::time::Duration;

/// A request that was neither proposed nor forwarded yet.
#[derive(Debug)]
pub(super) struct QueuedRequest {
    /// The term whose leader the request is meant for; 0: any leader. A request with a term is never forwarded.
    pub term: Term,
    pub call: Call,
    pub reply: ReplyTo,
    pub deadline: Duration,
}

/// The queued requests of one group, in the order of arrival.
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

    /// Returns the bytes of the arguments.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes as u64
    }

    pub(super) fn push_back(&mut self, pending: QueuedRequest) {
        self.bytes += pending.call.len();
        self.requests.push_back(pending);
    }

    /// Puts a request back to the front that it was taken from.
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

    /// Returns the deadline of the first request. Only the front is checked: a request from another member, which may
    /// have less time left, may fail late.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.requests.front().map(|first| first.deadline)
    }

    /// Fails the requests whose deadline has passed: no leader has taken them.
    pub(super) fn expire(&mut self, now: Duration, replies: &mut Replies) {
        while self.deadline().is_some_and(|deadline| deadline <= now)
            && let Some(pending) = self.pop_front()
        {
            replies.fail(pending.reply, RequestError::NoLeader);
        }
    }

    /// Fails all requests: those of local proxies with `here`, those from a connection with `elsewhere`.
    pub(super) fn abandon(&mut self, here: RequestError, elsewhere: RequestError, replies: &mut Replies) {
        while let Some(pending) = self.pop_front() {
            let error = match pending.reply {
                ReplyTo::Proxy(_) => here,
                ReplyTo::Origin(..) => elsewhere,
            };
            replies.fail(pending.reply, error);
        }
    }
}
