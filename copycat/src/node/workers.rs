//! The threads that may block: one flushes the journal, one prepares its next segments, one runs the users'
//! state machines.
//!
//! The shard's loop waits for none of them. It hands a job over, goes on, and is told.

use super::applier::{Applier, Work};
use super::clock;
use super::threads;
use crate::storage::{Preparation, Prepared, Write, Written};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc as blocking;
use std::thread::JoinHandle;
use tokio::sync::mpsc;

/// A job that is done.
#[derive(Debug)]
pub(crate) enum Done {
    /// A batch is durable, or its write failed.
    Written(Written),
    /// A segment is ready, or could not be made so.
    Prepared(Prepared),
}

/// A thread that runs one kind of job after the other, in order. Ends when it is dropped, after the
/// job under way.
#[derive(Debug)]
pub(crate) struct Worker<J> {
    jobs: Option<blocking::Sender<J>>,
    thread: Option<JoinHandle<()>>,
    stopping: Arc<AtomicBool>,
}

impl<J: Send + 'static> Worker<J> {
    fn start(name: String, run: impl FnMut(J) + Send + 'static) -> io::Result<Worker<J>> {
        let (jobs, queue) = blocking::channel::<J>();
        let stopping = Arc::new(AtomicBool::new(false));
        let stop = stopping.clone();
        let thread = threads::spawn(name, move || {
            queue.into_iter().take_while(|_| !stop.load(Ordering::Acquire)).for_each(run)
        })?;
        Ok(Worker { jobs: Some(jobs), thread: Some(thread), stopping })
    }

    /// Hands a job over. The shard bounds what is under way: one write, one preparation, so many bytes of
    /// entries.
    /// `false` if the thread is gone, which only a defect can bring about.
    pub(crate) fn hand_over(&self, job: J) -> bool {
        self.jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok())
    }
}

impl<J> Drop for Worker<J> {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Release);
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// The flusher: writes a batch and makes it durable.
pub(crate) fn flusher(shard: usize, done: mpsc::UnboundedSender<Done>) -> io::Result<Worker<Write>> {
    // Nobody listens any more while a node stops; the job is done all the same.
    let run = move |write: Write| drop(done.send(Done::Written(write.run())));
    Worker::start(format!("copycat-flush-{shard}"), run)
}

/// The preparer: makes segments ready before they are needed.
pub(crate) fn preparer(shard: usize, done: mpsc::UnboundedSender<Done>) -> io::Result<Worker<Preparation>> {
    let run = move |job: Preparation| drop(done.send(Done::Prepared(job.run())));
    Worker::start(format!("copycat-prepare-{shard}"), run)
}

/// The applier: runs the users' state machines.
pub(crate) fn applier(shard: usize) -> io::Result<Worker<Vec<Work>>> {
    let mut applier = Applier::default();
    Worker::start(format!("copycat-apply-{shard}"), move |work| applier.run(work, &clock::now))
}
