//! What workers have done, on its way back to the loop.
//!
//! A loop that is told of each flush is woken once more for each write. On most members nothing follows from it that has
//! not happened already: a follower's acknowledgement left with the flush, and a leader whose followers were quicker
//! waits for nobody. So the loop says whether it waits for a flush; if it does not, it finds the report when it is
//! woken for something else, with the next tick at the latest.

use crate::storage::{Prepared, Written};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// A job that is done.
#[derive(Debug)]
pub(crate) enum Done {
    /// A batch is durable, or its write failed.
    Written(Written),
    /// A segment is ready, or could not be made so.
    Prepared(Prepared),
}

/// Completions of all workers of one loop.
#[derive(Debug, Default)]
pub(crate) struct Completions {
    waiting: Mutex<Queue>,
    bell: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    done: Vec<Done>,
    /// The loop waits for the flush that is under way.
    awaited: bool,
    /// The worker whose thread has died.
    dead: Option<String>,
}

impl Completions {
    fn waiting(&self) -> MutexGuard<'_, Queue> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A worker is done. Rings unless that is a flush which the loop does not wait for; a failed one always does.
    pub(crate) fn put(&self, done: Done) {
        let mut waiting = self.waiting();
        let rings = waiting.awaited || !matches!(&done, Done::Written(written) if written.is_durable());
        waiting.done.push(done);
        drop(waiting);
        if rings {
            self.bell.notify_one();
        }
    }

    /// A worker's thread has died: nothing that it was to do will ever be done.
    pub(crate) fn report_panic(&self, name: String) {
        self.waiting().dead = Some(name);
        self.bell.notify_one();
    }

    /// The worker whose thread has died, if one has.
    pub(crate) fn dead_worker(&self) -> Option<String> {
        self.waiting().dead.clone()
    }

    /// Everything that was reported.
    pub(crate) fn take(&self) -> Vec<Done> {
        std::mem::take(&mut self.waiting().done)
    }

    /// Whether the loop waits for a flush from here on. If it does, and it has ended meanwhile, the bell rings at once.
    pub(crate) fn set_awaited(&self, awaited: bool) {
        let mut waiting = self.waiting();
        waiting.awaited = awaited;
        let rings = awaited && !waiting.done.is_empty();
        drop(waiting);
        if rings {
            self.bell.notify_one();
        }
    }

    /// Waits until the bell rings. What rang while nobody waited rings once.
    pub(crate) async fn notified(&self) {
        self.bell.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::ids::{GroupId, MemberId};
    use crate::storage::{Journal, MemoryDisk, Options, Owner};
    use std::future::Future;
    use std::pin::pin;
    use std::sync::Arc;
    use std::task::{Context, Waker};

    fn rings(completions: &Completions) -> bool {
        pin!(completions.notified()).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    fn written() -> Done {
        let owner = Owner { storage: 1, member: MemberId(1), shard: 0 };
        let (mut journal, _) =
            Journal::open(Arc::new(MemoryDisk::default()), Options::new(owner), 1).unwrap();
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
