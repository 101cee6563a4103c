//! The reports of finished jobs from the workers to the loop.
//!
//! Waking the loop for every flush is expensive and usually useless: a follower's acknowledgement left with the flush,
//! and a leader whose followers were faster does not wait for its own. So the loop says whether it waits for a flush.
//! If not, it takes the report at its next wake-up, within a second.

use crate::storage::{Preallocated, Written};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// A finished job.
#[derive(Debug)]
pub(crate) enum Done {
    /// A batch is durable, or its write failed.
    Written(Written),
    /// A segment is preallocated, or preallocating it failed.
    Preallocated(Preallocated),
}

/// The completions of all workers of one loop.
#[derive(Debug, Default)]
pub(crate) struct Completions {
    waiting: Mutex<Queue>,
    bell: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    done: Vec<Done>,
    /// Whether the loop waits for the current flush.
    awaited: bool,
    /// The name of the worker whose thread has died.
    dead: Option<String>,
}

impl Completions {
    fn waiting(&self) -> MutexGuard<'_, Queue> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a completion. Wakes the loop, except for a successful flush that the loop does not wait for.
    pub(crate) fn put(&self, done: Done) {
        let mut waiting = self.waiting();
        let rings = waiting.awaited || !matches!(&done, Done::Written(written) if written.is_durable());
        waiting.done.push(done);
        drop(waiting);
        if rings {
            self.bell.notify_one();
        }
    }

    /// Reports that a worker's thread has died: its jobs will never be done.
    pub(crate) fn report_panic(&self, name: String) {
        self.waiting().dead = Some(name);
        self.bell.notify_one();
    }

    /// Returns the name of the worker whose thread has died, if one has.
    pub(crate) fn dead_worker(&self) -> Option<String> {
        self.waiting().dead.clone()
    }

    /// Takes all completions.
    pub(crate) fn take(&self) -> Vec<Done> {
        std::mem::take(&mut self.waiting().done)
    }

    /// Sets whether the loop waits for a flush. If it does and a completion is already there, the loop is woken at
    /// once.
    pub(crate) fn set_awaited(&self, awaited: bool) {
        let mut waiting = self.waiting();
        waiting.awaited = awaited;
        let rings = awaited && !waiting.done.is_empty();
        drop(waiting);
        if rings {
            self.bell.notify_one();
        }
    }

    /// Waits for a wake-up. A wake-up that happened while the loop did not wait is kept, once.
    pub(crate) async fn notified(&self) {
        self.bell.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::ids::{GroupId, MemberId};
    use crate::storage::{Journal, JournalOptions, MemoryDisk, Owner};
    use std::future::Future;
    use std::pin::pin;
    use std::sync::Arc;
    use std::task::{Context, Waker};

    fn rings(completions: &Completions) -> bool {
        pin!(completions.notified()).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    fn written() -> Done {
        let owner = Owner { disk_id: 1, member: MemberId(1), shard: 0 };
        let (mut journal, _) =
            Journal::open(Arc::new(MemoryDisk::default()), JournalOptions::new(owner), 1).unwrap();
        journal.save_vote(GroupId(1), 1, None).unwrap();
        Done::Written(journal.next_write().unwrap().run())
    }

    #[test]
    fn a_flush_rings_only_for_a_loop_that_waits_for_it() {
        let completions = Completions::default();
        completions.put(written());
        assert!(!rings(&completions), "nobody waits");
        assert_eq!(completions.take().len(), 1, "but it is there");
        completions.set_awaited(true);
        assert!(!rings(&completions), "nothing has ended");
        completions.put(written());
        assert!(rings(&completions));
    }

    #[test]
    fn a_flush_that_ended_before_it_was_waited_for_is_not_missed() {
        let completions = Completions::default();
        completions.put(written());
        completions.set_awaited(false);
        assert!(!rings(&completions));
        completions.set_awaited(true);
        assert!(rings(&completions));
        assert_eq!((completions.take().len(), rings(&completions)), (1, false));
    }
}
