//! The threads that may block: the flusher writes and flushes the journal, the preallocator makes its next segments,
//! and the applier runs the users' state machines.
//!
//! The shard's loop never waits for them. It submits a job, continues, and gets a report.

use super::applier::{Applier, Work};
use super::clock;
use super::completions::{Completions, Done};
use super::shard::{FlushTask, Links};
use crate::storage::Preallocation;
use crate::threads;
use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// A thread that runs jobs of one kind in order. When the worker is dropped, the thread ends after its current job.
#[derive(Debug)]
pub(crate) struct Worker<J> {
    jobs: Arc<Jobs<J>>,
    thread: Option<JoinHandle<()>>,
}

/// The queue of jobs for a worker. The thread is woken while no lock is held: if it takes the processor of the thread
/// that woke it, it finds nothing locked.
#[derive(Debug)]
struct Jobs<J> {
    waiting: Mutex<VecDeque<J>>,
    stopping: AtomicBool,
}

impl<J> Jobs<J> {
    fn waiting(&self) -> MutexGuard<'_, VecDeque<J>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next job. Returns `None` if there will be no more.
    fn next(&self) -> Option<J> {
        loop {
            if self.stopping.load(Ordering::Acquire) {
                return None;
            }
            let job = self.waiting().pop_front();
            match job {
                Some(job) => return Some(job),
                // Returns at once if a job or the stop arrived since the check.
                None => thread::park(),
            }
        }
    }
}

impl<J: Send + 'static> Worker<J> {
    fn start(
        name: String,
        completions: Arc<Completions>,
        mut run: impl FnMut(J) + Send + 'static,
    ) -> io::Result<Worker<J>> {
        let jobs = Arc::new(Jobs { waiting: Mutex::default(), stopping: AtomicBool::new(false) });
        let (theirs, watch) = (jobs.clone(), PanicGuard { name: name.clone(), completions });
        let thread = threads::spawn(name, move || {
            let _watch = watch;
            while let Some(job) = theirs.next() {
                run(job);
            }
        })?;
        Ok(Worker { jobs, thread: Some(thread) })
    }

    /// Submits a job. The shard bounds the jobs in flight: one write, one preallocation, and a number of bytes of
    /// entries.
    pub(crate) fn hand_over(&self, job: J) {
        self.jobs.waiting().push_back(job);
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

/// Reports when the thread that owns it dies of a panic. Only a defect can cause that, or a state machine that panics
/// while it is dropped: panics of other user code are caught.
#[derive(Debug)]
struct PanicGuard {
    name: String,
    completions: Arc<Completions>,
}

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if thread::panicking() {
            self.completions.report_panic(std::mem::take(&mut self.name));
        }
    }
}

impl<J> Drop for Worker<J> {
    fn drop(&mut self) {
        self.jobs.stopping.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            drop(thread.join());
        }
    }
}

/// Starts the flusher: it writes a batch, makes it durable, and sends the messages that waited for that.
pub(crate) fn flusher(
    shard: usize,
    mut links: impl Links + 'static,
    completions: Arc<Completions>,
) -> io::Result<Worker<FlushTask>> {
    let theirs = completions.clone();
    let run = move |flush: FlushTask| theirs.put(Done::Written(flush.run(&mut links)));
    Worker::start(format!("copycat-flush-{shard}"), completions, run)
}

/// Starts the preallocator, which creates segments before they are needed.
pub(crate) fn preallocator(shard: usize, completions: Arc<Completions>) -> io::Result<Worker<Preallocation>> {
    let theirs = completions.clone();
    let run = move |job: Preallocation| theirs.put(Done::Preallocated(job.run()));
    Worker::start(format!("copycat-alloc-{shard}"), completions, run)
}

/// Starts the applier, which runs the users' state machines.
pub(crate) fn applier(shard: usize, completions: Arc<Completions>) -> io::Result<Worker<Vec<Work>>> {
    let mut applier = Applier::default();
    Worker::start(format!("copycat-apply-{shard}"), completions, move |work| applier.run(work, &clock::now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    #[test]
    fn a_worker_that_dies_is_noticed_at_once_and_one_that_ends_is_not() {
        let completions = Arc::<Completions>::default();
        let run = |job: u8| assert_ne!(job, 13, "unlucky");
        let worker = Worker::start("worker".into(), completions.clone(), run).unwrap();
        worker.hand_over(7);
        drop(worker);
        assert_eq!(completions.dead_worker(), None);
        let worker = Worker::start("worker".into(), completions.clone(), run).unwrap();
        worker.hand_over(13);
        while completions.dead_worker().is_none() {
            thread::yield_now();
        }
        assert_eq!(completions.dead_worker().as_deref(), Some("worker"));
        let rings = pin!(completions.notified()).poll(&mut Context::from_waker(Waker::noop())).is_ready();
        assert!(rings, "the loop need not wait for anything else");
        drop(worker);
    }
}
