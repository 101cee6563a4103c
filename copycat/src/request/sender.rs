//! The queue of requests from proxies to a node, and the return of the answers.

use super::error::RequestError;
use crate::codec::command::Call;
use crate::codec::ids::GroupId;
use bytes::Bytes;
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc, oneshot};

/// Bytes of arguments per permit. A request takes one permit per 16 KiB of arguments, rounded up, and at least one.
/// So a queue of 4,096 permits holds 4,096 requests of the usual length, and 64 MiB of longer ones.
pub(crate) const PERMIT_BYTES: usize = 16 << 10;

/// The encoded result of a method, or the reason why there is none.
pub(crate) type Answer = Result<Bytes, RequestError>;

/// A command in flight from a proxy to a group.
#[derive(Debug)]
pub(crate) struct Request {
    /// The group of the partition that it is for.
    pub group: GroupId,
    /// The command and how it is to be executed.
    pub call: Call,
    /// Receives the answer. Always answered, unless the node itself is gone.
    pub reply: oneshot::Sender<Answer>,
}

/// The sending end of the request queue of a shard or a remote handle. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct RequestSender {
    inbox: mpsc::UnboundedSender<Request>,
    capacity: Arc<Capacity>,
}

/// The receiving end of a request queue. Dropping it closes the queue.
#[derive(Debug)]
pub(crate) struct RequestReceiver {
    requests: mpsc::UnboundedReceiver<Request>,
    capacity: Arc<Capacity>,
}

/// The bound of the queue, in number and in bytes at once. The channel itself has no bound: callers would have
/// to wait for two bounds one after the other.
#[derive(Debug)]
struct Capacity {
    /// Permits that no request in the queue holds. Its waiters are served in their order: a short request does
    /// not pass a long one.
    permits: Semaphore,
    depth: usize,
}

impl Capacity {
    /// Returns how many permits a request takes. One that is longer than the whole queue takes all of them: it
    /// enters when the queue is empty.
    fn cost(&self, call: &Call) -> usize {
        call.len().div_ceil(PERMIT_BYTES).clamp(1, self.depth)
    }
}

impl RequestSender {
    /// Creates the two ends of a queue that holds at most `depth` requests, and at most [`PERMIT_BYTES`] times
    /// as many bytes of arguments, or a single request.
    pub(crate) fn new(depth: usize) -> (RequestSender, RequestReceiver) {
        assert!(depth > 0, "a queue has room for one request");
        let (inbox, requests) = mpsc::unbounded_channel();
        let capacity = Arc::new(Capacity { permits: Semaphore::new(depth), depth });
        (RequestSender { inbox, capacity: Arc::clone(&capacity) }, RequestReceiver { requests, capacity })
    }

    /// Submits a request and waits for its answer. While the queue is full, callers wait in their order: this
    /// is the backpressure.
    ///
    /// Needs no runtime: the future may be polled on any thread and executor.
    pub(crate) async fn call(&self, group: GroupId, call: Call) -> Answer {
        let answer = self.hand_in(group, call).await?;
        // A request that never entered the queue certainly did nothing; one whose answer was dropped may have.
        answer.await.unwrap_or(Err(RequestError::Stopped))
    }

    /// Performs the first half of a call, up to the request being in the queue. Fails with `Closed` if it never
    /// will be.
    pub(crate) async fn hand_in(
        &self,
        group: GroupId,
        call: Call,
    ) -> Result<oneshot::Receiver<Answer>, RequestError> {
        let cost = self.capacity.cost(&call) as u32;
        let permits = self.capacity.permits.acquire_many(cost).await.map_err(|_| RequestError::Closed)?;
        let (reply, answer) = oneshot::channel();
        self.inbox.send(Request { group, call, reply }).map_err(|_| RequestError::Closed)?;
        // The receiver gives the permits back.
        permits.forget();
        Ok(answer)
    }
}

impl RequestReceiver {
    /// Returns the next request; `None` when all senders are gone. Cancelling loses no request.
    pub(crate) async fn recv(&mut self) -> Option<Request> {
        let request = self.requests.recv().await?;
        Some(self.taken(request))
    }

    /// Returns the next request if it is there already.
    pub(crate) fn try_recv(&mut self) -> Option<Request> {
        let request = self.requests.try_recv().ok()?;
        Some(self.taken(request))
    }

    /// Returns the next request like [`recv`](Self::recv), and blocks the thread until then.
    #[cfg(feature = "testing")]
    pub(crate) fn blocking_recv(&mut self) -> Option<Request> {
        let request = self.requests.blocking_recv()?;
        Some(self.taken(request))
    }

    /// Frees the permits of a request that has left the queue. From here on the receiver accounts for it.
    fn taken(&self, request: Request) -> Request {
        self.capacity.permits.add_permits(self.capacity.cost(&request.call));
        request
    }
}

impl Drop for RequestReceiver {
    /// Tells callers that wait for permits that the queue is closed.
    fn drop(&mut self) {
        self.capacity.permits.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::access::Access;
    use crate::codec::command::Command;
    use crate::codec::ids::MethodId;
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    type HandedIn = Result<oneshot::Receiver<Answer>, RequestError>;
    type HandingIn<'a> = Pin<Box<dyn Future<Output = HandedIn> + 'a>>;

    const HALF: usize = 2 * PERMIT_BYTES;

    /// Submits a request of `len` bytes, known by its number, to a queue of four permits.
    fn hand_in(sender: &RequestSender, number: u32, len: usize) -> HandingIn<'_> {
        let command = Command { method: MethodId(number), key_len: 0, body: vec![0; len].into() };
        Box::pin(sender.hand_in(GroupId(1), Call::new(Access::Write, command)))
    }

    fn poll(handing_in: &mut HandingIn<'_>) -> Poll<HandedIn> {
        handing_in.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }

    /// Returns whether the request is in the queue now.
    fn enters(handing_in: &mut HandingIn<'_>) -> bool {
        poll(handing_in).map(|handed_in| handed_in.expect("the queue is open")).is_ready()
    }

    fn taken(requests: &mut RequestReceiver) -> Option<u32> {
        Some(requests.try_recv()?.call.command.method.0)
    }

    /// Returns how many requests without arguments fit.
    fn capacity(sender: &RequestSender, requests: &mut RequestReceiver) -> usize {
        let count = (0..9).take_while(|_| enters(&mut hand_in(sender, 0, 0))).count();
        (0..count).for_each(|_| assert_eq!(taken(requests), Some(0)));
        count
    }

    #[test]
    fn the_queue_is_bounded_in_number() {
        let (sender, mut requests) = RequestSender::new(4);
        for len in [0, 1, PERMIT_BYTES] {
            (0..4).for_each(|number| assert!(enters(&mut hand_in(&sender, number, len)), "{len} bytes"));
            assert!(!enters(&mut hand_in(&sender, 4, len)), "{len} bytes");
            (0..4).for_each(|number| assert_eq!(taken(&mut requests), Some(number)));
        }
    }

    #[test]
    fn the_queue_is_bounded_in_bytes() {
        let (sender, mut requests) = RequestSender::new(4);
        assert!(enters(&mut hand_in(&sender, 1, HALF)));
        assert!(enters(&mut hand_in(&sender, 2, HALF - 1)));
        let mut third = hand_in(&sender, 3, 1);
        assert!(!enters(&mut third), "there are two, and no room for a byte");
        assert_eq!(taken(&mut requests), Some(1));
        assert!(enters(&mut third));
        assert!(!enters(&mut hand_in(&sender, 4, HALF)), "half of the room is not free any more");
        assert_eq!((taken(&mut requests), taken(&mut requests)), (Some(2), Some(3)));
        assert_eq!(capacity(&sender, &mut requests), 4, "what was taken is given back");
    }

    #[test]
    fn a_short_request_does_not_pass_a_long_one_that_waits() {
        let (sender, mut requests) = RequestSender::new(4);
        assert!(enters(&mut hand_in(&sender, 1, HALF)));
        assert!(enters(&mut hand_in(&sender, 2, HALF)));
        let mut long = hand_in(&sender, 3, HALF + 1);
        let mut short = hand_in(&sender, 4, 0);
        assert!(!enters(&mut long));
        assert!(!enters(&mut short));
        assert_eq!(taken(&mut requests), Some(1));
        assert!(!enters(&mut short), "there is room for it, but it is not its turn");
        assert!(!enters(&mut hand_in(&sender, 5, 0)), "nor that of one that comes now");
        assert!(!enters(&mut long));
        assert_eq!(taken(&mut requests), Some(2));
        assert!(enters(&mut long));
        assert!(enters(&mut short));
        assert_eq!((taken(&mut requests), taken(&mut requests)), (Some(3), Some(4)));
    }

    #[test]
    fn a_request_longer_than_the_whole_queue_passes_alone() {
        let (sender, mut requests) = RequestSender::new(4);
        assert!(enters(&mut hand_in(&sender, 1, 0)));
        let mut longest = hand_in(&sender, 2, 9 * PERMIT_BYTES);
        assert!(!enters(&mut longest));
        assert_eq!(taken(&mut requests), Some(1));
        assert!(enters(&mut longest));
        let mut next = hand_in(&sender, 3, 0);
        assert!(!enters(&mut next));
        assert_eq!(taken(&mut requests), Some(2));
        assert!(enters(&mut next));
        assert_eq!(taken(&mut requests), Some(3));
        assert_eq!(capacity(&sender, &mut requests), 4, "no more is given back than was taken");
    }

    #[test]
    fn a_caller_that_stops_waiting_leaves_its_room_to_the_others() {
        let (sender, mut requests) = RequestSender::new(4);
        assert!(enters(&mut hand_in(&sender, 1, HALF)));
        assert!(enters(&mut hand_in(&sender, 2, PERMIT_BYTES)));
        let mut long = hand_in(&sender, 3, HALF + 1);
        let mut short = hand_in(&sender, 4, 0);
        assert!(!enters(&mut long), "the one permit that is left is kept for it");
        assert!(!enters(&mut short));
        drop(long);
        assert!(enters(&mut short));
        let mut promised = hand_in(&sender, 5, HALF);
        assert!(!enters(&mut promised));
        assert_eq!(taken(&mut requests), Some(1));
        drop(promised);
        assert_eq!((taken(&mut requests), taken(&mut requests)), (Some(2), Some(4)));
        assert_eq!(capacity(&sender, &mut requests), 4);
    }

    #[test]
    fn those_who_wait_and_those_who_come_are_told_that_the_queue_is_closed() {
        let (sender, requests) = RequestSender::new(4);
        let mut entered = match poll(&mut hand_in(&sender, 1, 4 * PERMIT_BYTES)) {
            Poll::Ready(Ok(answer)) => answer,
            other => panic!("{other:?}"),
        };
        let (mut first, mut second) = (hand_in(&sender, 2, HALF), hand_in(&sender, 3, 0));
        assert!(!enters(&mut first));
        assert!(!enters(&mut second));
        drop(requests);
        for mut waiting in [second, first, hand_in(&sender, 4, 0)] {
            assert!(matches!(poll(&mut waiting), Poll::Ready(Err(RequestError::Closed))));
        }
        assert!(entered.try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Closed));
    }
}
