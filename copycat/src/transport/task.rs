//! A task that never outlives its handle.

use std::future::Future;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// A running task; dropping the handle ends it at its next pause.
#[derive(Debug)]
pub(super) struct Task {
    handle: JoinHandle<()>,
}

impl Task {
    /// Starts it on the current runtime.
    pub(super) fn start(body: impl Future<Output = ()> + Send + 'static) -> Task {
        Task { handle: tokio::spawn(body) }
    }

    /// Waits for its end, which is forced when `patience` is over.
    pub(super) async fn end_within(mut self, patience: Duration) {
        if timeout(patience, &mut self.handle).await.is_err() {
            self.handle.abort();
            // An aborted task has to end; that it was aborted is no news.
            let _aborted = (&mut self.handle).await;
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.handle.abort();
    }
}
