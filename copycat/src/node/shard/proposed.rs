//! Commands that were proposed and whose entries are not known to be committed.

use crate::codec::ids::{Index, Term};
use crate::codec::log_shape::LogShape;
use crate::request::error::RequestError;
use crate::request::reply::{Replies, ReplyTo};
use std::collections::VecDeque;
use std::time::Duration;

#[derive(Debug)]
struct Waiter {
    index: Index,
    term: Term,
    deadline: Duration,
    reply: ReplyTo,
}

/// The callers of proposed commands, in the order of the indexes.
///
/// They stay when the leadership is lost: the next leader may still commit an entry of the deposed one, or replace it.
/// Only the commit of the index shows which of the two happened.
#[derive(Debug, Default)]
pub(super) struct Proposed {
    waiting: VecDeque<Waiter>,
    /// Whether deadlines may be out of order, because callers of a lost leadership still wait.
    mixed: bool,
}

impl Proposed {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn push(&mut self, index: Index, term: Term, deadline: Duration, reply: ReplyTo) {
        let newest = self.waiting.back().map(|newest| newest.term);
        assert!(newest <= Some(term), "an entry of term {term} is waited for after {newest:?}");
        let entry = Waiter { index, term, deadline, reply };
        // Appended at the end, except after a lost leadership: then indexes of replaced entries are assigned again.
        let at = match self.waiting.back() {
            Some(newest) if newest.index > index => self.waiting.partition_point(|w| w.index <= index),
            _ => self.waiting.len(),
        };
        self.mixed = !self.waiting.is_empty() && (self.mixed || at < self.waiting.len());
        self.waiting.insert(at, entry);
    }

    /// Takes the callers whose index is committed, up to `index`. Returns those whose own entry was committed, to get
    /// its result. The others fail with `Superseded`, because their entry was replaced.
    pub(super) fn take_through(
        &mut self,
        index: Index,
        log: &LogShape,
        replies: &mut Replies,
    ) -> Vec<(Index, ReplyTo)> {
        let last = log.last().index;
        assert!(index <= last, "{index} is committed, and the log ends with {last}");
        let first = self.waiting.front().map_or(index, |first| first.index.min(index));
        let mut owed = Vec::with_capacity(self.waiting.len().min((index - first) as usize + 1));
        // Terms never fall along a log: usually all of these entries are of one term, which is looked up once.
        let shared_term = log.term(index).filter(|term| log.term(first) == Some(*term));
        while let Some(waiting) = self.waiting.pop_front_if(|waiting| waiting.index <= index) {
            let term = shared_term.or_else(|| log.term(waiting.index));
            if term == Some(waiting.term) {
                owed.push((waiting.index, waiting.reply));
            } else {
                replies.fail(waiting.reply, RequestError::Superseded);
            }
        }
        owed
    }

    /// Returns the deadline of the first caller, or the earliest of all if they may be out of order.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let deadlines = || self.waiting.iter().map(|waiting| waiting.deadline);
        if self.mixed { deadlines().min() } else { deadlines().next() }
    }

    /// Fails the callers whose deadline has passed. Their entries stay in the log.
    pub(super) fn expire(&mut self, now: Duration, replies: &mut Replies) {
        if self.mixed {
            return self.expire_any(now, replies);
        }
        // Indexes are assigned in the order of arrival, so the oldest calls are in front. A forwarded call, which may
        // have less time left, may fail late.
        while let Some(waiting) = self.waiting.pop_front_if(|waiting| waiting.deadline <= now) {
            replies.fail(waiting.reply, RequestError::Timeout);
        }
    }

    fn expire_any(&mut self, now: Duration, replies: &mut Replies) {
        for waiting in std::mem::take(&mut self.waiting) {
            if waiting.deadline <= now {
                replies.fail(waiting.reply, RequestError::Timeout);
            } else {
                self.waiting.push_back(waiting);
            }
        }
    }

    pub(super) fn abandon(&mut self, error: RequestError, replies: &mut Replies) {
        for waiting in self.waiting.drain(..) {
            replies.fail(waiting.reply, error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[test]
    fn whoever_waits_since_a_lost_leadership_is_told_in_time() {
        let at = Duration::from_secs;
        let mut proposed = Proposed::default();
        let mut push = |index, term, deadline| {
            let (reply, answer) = oneshot::channel();
            proposed.push(index, term, deadline, ReplyTo::Proxy(reply));
            answer
        };
        let mut lost = [push(1, 1, at(5)), push(2, 1, at(5)), push(3, 1, at(5))];
        // The next leadership assigns the second index again, later: it comes before the old third.
        let mut again = push(2, 3, at(9));
        proposed.expire(at(5), &mut Replies::default());
        for answer in &mut lost {
            assert_eq!(answer.try_recv(), Ok(Err(RequestError::Timeout)));
        }
        assert!(again.try_recv().is_err(), "its time is not up");
        proposed.expire(at(9), &mut Replies::default());
        assert_eq!(again.try_recv(), Ok(Err(RequestError::Timeout)));
    }
}
