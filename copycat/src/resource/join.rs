//! Waits for several futures at once, without a runtime.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// Runs the futures concurrently, and returns their outputs in the order of the futures.
pub(crate) async fn join_all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<Pin<Box<F>>> = futures.map(Box::pin).collect();
    let mut outputs: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    poll_fn(|context| {
        // Every wake polls all futures that still run. There are at most as many as the resource has partitions.
        for (future, output) in running.iter_mut().zip(&mut outputs) {
            if output.is_none()
                && let Poll::Ready(ready) = future.as_mut().poll(context)
            {
                *output = Some(ready);
            }
        }
        if outputs.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    outputs.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::join_all;
    use crate::resource::block_on::block_on;
    use tokio::sync::oneshot;

    #[test]
    fn keeps_the_order_whatever_ends_first() {
        let (first, waits_first) = oneshot::channel();
        let (second, waits_second) = oneshot::channel();
        let other = std::thread::spawn(move || {
            second.send(2).unwrap();
            first.send(1).unwrap();
        });
        assert_eq!(block_on(join_all([waits_first, waits_second].into_iter())), [Ok(1), Ok(2)]);
        other.join().unwrap();
    }

    #[test]
    fn of_nothing_ends_at_once() {
        assert!(block_on(join_all(std::iter::empty::<std::future::Ready<()>>())).is_empty());
    }
}
