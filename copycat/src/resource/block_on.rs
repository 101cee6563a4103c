//! Blocks a thread until a future is ready, by parking it. Synchronous proxies use this.

use crate::error::{Cause, Error};
use crate::threads::is_node_thread;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future to its end on the calling thread, without any runtime.
///
/// Must not be called on a thread that the future waits for.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    // The caller may be a task of the user's tokio runtime. Tokio's channels charge their operations to the budget
    // of that task, and return `Pending` once it is used up. The task gets a new budget only from its scheduler, to
    // which it never returns while it is blocked here.
    let mut future = pin!(tokio::task::unconstrained(future));
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            // `park` may return spuriously, or for another `unpark`. The future is then polled once more.
            Poll::Pending => thread::park(),
        }
    }
}

/// Runs a future to its end as [`block_on`] does. On a thread of a node, which the future would have to wait for,
/// it returns an error and does not poll the future.
pub(crate) fn block_on_outside<T>(future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    if is_node_thread() {
        return Err(Cause::NodeThread.into());
    }
    block_on(future)
}

#[cfg(test)]
mod tests {
    use super::block_on;
    use tokio::sync::oneshot;

    #[test]
    fn waits_for_another_thread() {
        let (answer, question) = oneshot::channel();
        let other = std::thread::spawn(move || answer.send(7).unwrap());
        assert_eq!(block_on(question), Ok(7));
        other.join().unwrap();
    }

    #[test]
    fn never_runs_out_of_a_tasks_budget() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            for number in 0..10_000 {
                let (answer, question) = oneshot::channel();
                answer.send(number).unwrap();
                assert_eq!(block_on(question), Ok(number));
            }
        });
    }
}
