//! A task that never outlives its handle.

use std::future::Future;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// A running task. Dropping the handle aborts it at its next await point.
#[derive(Debug)]
pub(super) struct Task {
    handle: JoinHandle<()>,
}

impl Task {
    /// Starts a task on the current runtime.
    pub(super) fn start(body: impl Future<Output = ()> + Send + 'static) -> Task {
        Task { handle: tokio::spawn(body) }
    }

    /// Waits for the end of the task, and aborts it after `patience`.
    pub(super) async fn end_within(mut self, patience: Duration) {
        if timeout(patience, &mut self.handle).await.is_err() {
            self.handle.abort();
            // Waits for the end of the aborted task. Its result says only that it was aborted.
            let _aborted = (&mut self.handle).await;
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.handle.abort();
    }
}
