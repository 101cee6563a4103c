//! Requests in line, counted in number and in bytes.

use super::group::Pending;
use std::collections::VecDeque;
use std::time::Duration;

/// Requests that have neither been proposed nor forwarded, in the order of their arrival.
#[derive(Debug, Default)]
pub(super) struct Queue {
    requests: VecDeque<Pending>,
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

    pub(super) fn push_back(&mut self, pending: Pending) {
        self.bytes += pending.call.len();
        self.requests.push_back(pending);
    }

    /// Puts one back where it was taken from.
    pub(super) fn push_front(&mut self, pending: Pending) {
        self.bytes += pending.call.len();
        self.requests.push_front(pending);
    }

    pub(super) fn pop_front(&mut self) -> Option<Pending> {
        let pending = self.requests.pop_front()?;
        self.bytes -= pending.call.len();
        Some(pending)
    }

    /// The first, if its time is up. Deadlines grow along the line.
    pub(super) fn pop_expired(&mut self, now: Duration) -> Option<Pending> {
        self.requests.front().is_some_and(|first| first.deadline <= now).then(|| self.pop_front())?
    }
}
