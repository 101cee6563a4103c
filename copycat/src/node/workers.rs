//! The threads that may block: one flushes the journal, one prepares its next segments.
//!
//! The shard's loop never waits for a disk. It hands a job over, goes on, and is told.

use super::threads;
use crate::storage::{Preparation, Prepared, Write, Written};
use std::io;
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
}

impl<J: Send + 'static> Worker<J> {
    fn start(name: String, done: mpsc::UnboundedSender<Done>, run: fn(J) -> Done) -> io::Result<Worker<J>> {
        let (jobs, queue) = blocking::channel::<J>();
        let thread = threads::spawn(name, move || {
            for job in queue {
                // Nobody listens any more while the node stops; the job is done all the same.
                if done.send(run(job)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Worker { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Hands a job over. The shard has at most one of each kind under way, so the queue is bounded.
    /// `false` if the thread is gone, which only a defect can bring about.
    pub(crate) fn hand_over(&self, job: J) -> bool {
        self.jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok())
    }
}

impl<J> Drop for Worker<J> {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// The flusher: writes a batch and makes it durable.
pub(crate) fn flusher(shard: usize, done: mpsc::UnboundedSender<Done>) -> io::Result<Worker<Write>> {
    Worker::start(format!("copycat-flush-{shard}"), done, |write: Write| Done::Written(write.run()))
}

/// The preparer: makes segments ready before they are needed.
pub(crate) fn preparer(shard: usize, done: mpsc::UnboundedSender<Done>) -> io::Result<Worker<Preparation>> {
    Worker::start(format!("copycat-prepare-{shard}"), done, |job: Preparation| Done::Prepared(job.run()))
}
