//! Commands that were proposed and whose entries are not committed yet.

use super::super::failure::Failure;
use super::super::reply::{Replies, ReplyTo};
use crate::codec::ids::{Index, Term};
use crate::codec::terms::Terms;
use std::collections::VecDeque;
use std::time::Duration;

#[derive(Debug)]
struct Waiting {
    index: Index,
    term: Term,
    deadline: Duration,
    reply: ReplyTo,
}

/// Proposed commands in the order of their indexes.
///
/// They stay when leadership is lost: an entry of a deposed leader may yet be committed by its
/// successor, or be replaced, and which of the two only its index being committed tells.
#[derive(Debug, Default)]
pub(super) struct Proposed {
    waiting: VecDeque<Waiting>,
}

impl Proposed {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn push(&mut self, index: Index, term: Term, deadline: Duration, reply: ReplyTo) {
        let entry = Waiting { index, term, deadline, reply };
        // Behind the last but after a lost leadership, when replaced indexes are given out again.
        let at = match self.waiting.back() {
            Some(newest) if newest.index > index => self.waiting.partition_point(|w| w.index <= index),
            _ => self.waiting.len(),
        };
        self.waiting.insert(at, entry);
    }

    /// Those whose index is committed: they get their result if their entry is the one that was, and
    /// otherwise learn that it never will be.
    pub(super) fn take_through(
        &mut self,
        index: Index,
        terms: &Terms,
        replies: &mut Replies,
    ) -> Vec<(Index, ReplyTo)> {
        let mut owed = Vec::new();
        while let Some(waiting) = self.waiting.pop_front_if(|waiting| waiting.index <= index) {
            if terms.term(waiting.index) == Some(waiting.term) {
                owed.push((waiting.index, waiting.reply));
            } else {
                replies.fail(waiting.reply, Failure::Superseded);
            }
        }
        owed
    }

    /// Ends the wait of those whose time is up. Their entries stand.
    pub(super) fn expire(&mut self, now: Duration, replies: &mut Replies) {
        // Indexes are given out in the order of arrival, so the oldest deadlines are in front.
        while let Some(waiting) = self.waiting.pop_front_if(|waiting| waiting.deadline <= now) {
            replies.fail(waiting.reply, Failure::Timeout);
        }
    }

    pub(super) fn abandon(&mut self, failure: Failure, replies: &mut Replies) {
        for waiting in self.waiting.drain(..) {
            replies.fail(waiting.reply, failure);
        }
    }
}
