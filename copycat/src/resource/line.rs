//! A line: the calls of one client that keep their order.

use crate::codec::command::Call;
use crate::codec::ids::GroupId;
use crate::request::error::RequestError;
use crate::request::sender::{Answer, RequestSender};
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Mutex;
use tokio::task::unconstrained;

/// The line of calls that [`Proxy::in_order`](super::proxy::Proxy::in_order) makes.
///
/// All later stages (queues, batches, connections, the leader's log) keep the order of the requests of one group.
/// Two things remain to be done here: the calls enter the queue in their order, and each read says whether it comes
/// after calls that a shorter path would overtake.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// The number of unanswered calls that a later read must not overtake. A call whose future was dropped may
    /// still be in flight, so it stays counted: later reads then take the longer path needlessly, but see no less.
    unanswered: AtomicUsize,
    /// Held while a request is added to the queue. It is needed although the queue's semaphore is fair: that may assign
    /// a permit to an earlier call whose future has not been polled yet, and a later call that is polled first then
    /// enters the queue before it.
    entering: Mutex<()>,
}

impl Line {
    /// Sends a call and waits for its answer, as [`RequestSender::call`] does. The first poll fixes its place in
    /// the line.
    pub(crate) async fn call(&self, sender: &RequestSender, group: GroupId, call: Call) -> Answer {
        // `Relaxed` is enough: polls that follow one another see each other's changes of a single counter.
        let access = call.access.in_line(self.unanswered.load(Ordering::Relaxed) > 0);
        if access.must_precede_later_reads() {
            self.unanswered.fetch_add(1, Ordering::Relaxed);
        }
        // Otherwise a runtime that rations polls could suspend the call before it has its place.
        let handed_in = unconstrained(async {
            let _entering = self.entering.lock().await;
            sender.hand_in(group, Call { access, ..call }).await
        });
        let answer = match handed_in.await {
            Ok(answer) => answer.await.unwrap_or(Err(RequestError::Stopped)),
            Err(error) => Err(error),
        };
        if access.must_precede_later_reads() {
            self.unanswered.fetch_sub(1, Ordering::Relaxed);
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::access::{Access, Consistency, ReadOrder};
    use crate::codec::command::Command;
    use crate::codec::ids::MethodId;
    use crate::request::sender::{Request, RequestReceiver};
    use crate::resource::block_on::block_on;
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    const READ: Access = Access::Read(Consistency::Strict, ReadOrder::Unordered);

    type Calling<'a> = Pin<Box<dyn Future<Output = Answer> + 'a>>;

    fn call<'a>(line: &'a Line, sender: &'a RequestSender, access: Access, number: u8) -> Calling<'a> {
        let command = Command { method: MethodId(1), key_len: 0, body: vec![number].into() };
        Box::pin(line.call(sender, GroupId(1), Call::new(access, command)))
    }

    fn poll(call: &mut Calling<'_>) -> Poll<Answer> {
        call.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }

    fn taken(requests: &mut RequestReceiver) -> Request {
        requests.try_recv().expect("a request was handed in")
    }

    #[test]
    fn calls_enter_in_the_order_of_their_first_polls_also_when_there_is_no_room() {
        let (line, (sender, mut requests)) = (Line::default(), RequestSender::new(2));
        let mut calls: Vec<_> = (0..6).map(|number| call(&line, &sender, Access::Write, number)).collect();
        // Two calls are in the queue and a third waits. Then two places become free: one for it, one for a newcomer.
        calls[..3].iter_mut().for_each(|call| assert!(poll(call).is_pending()));
        let mut entered = vec![taken(&mut requests), taken(&mut requests)];
        calls[3..].iter_mut().for_each(|call| assert!(poll(call).is_pending()));
        while entered.len() < 6 {
            // The newest call is polled first, and the one that was assigned the free place last.
            calls.iter_mut().rev().for_each(|call| assert!(poll(call).is_pending()));
            entered.push(taken(&mut requests));
        }
        let numbers: Vec<u8> = entered.iter().map(|request| request.call.command.body[0]).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_call_takes_its_place_in_the_line_with_its_first_poll_also_where_a_runtime_rations_polls() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (line, (sender, mut requests)) = (Line::default(), RequestSender::new(1_000));
            let mut calls: Vec<_> = (0..1_000).map(|_| call(&line, &sender, READ, 0)).collect();
            calls.iter_mut().for_each(|call| assert!(poll(call).is_pending()));
            (0..1_000).for_each(|_| drop(taken(&mut requests)));
        });
    }

    #[test]
    fn reads_know_whether_they_follow_writes() {
        let (line, (sender, mut requests)) = (Line::default(), RequestSender::new(9));
        let mut sent = |access| {
            let mut call = call(&line, &sender, access, 0);
            assert!(poll(&mut call).is_pending());
            let request = taken(&mut requests);
            (call, request)
        };
        let (_, first) = sent(READ);
        assert_eq!(first.call.access, Access::Read(Consistency::Strict, ReadOrder::Ordered));
        let (write, asked) = sent(Access::Write);
        assert_eq!(asked.call.access, Access::Write);
        let (read, after_write) = sent(READ);
        assert_eq!(after_write.call.access, Access::Read(Consistency::Strict, ReadOrder::AfterWrites));
        drop(asked);
        assert_eq!(block_on(write), Err(RequestError::Stopped));
        assert_eq!(
            sent(READ).1.call.access,
            after_write.call.access,
            "a read that waits must not be overtaken either"
        );
        drop(after_write);
        assert_eq!(block_on(read), Err(RequestError::Stopped));
        // The last of these reads was dropped unanswered.
        assert_eq!(sent(READ).1.call.access, Access::Read(Consistency::Strict, ReadOrder::AfterWrites));
    }

    #[test]
    fn a_call_that_could_not_be_handed_in_is_answered() {
        let (line, (sender, requests)) = (Line::default(), RequestSender::new(1));
        drop(requests);
        assert_eq!(block_on(call(&line, &sender, Access::Write, 0)), Err(RequestError::Closed));
        assert_eq!(line.unanswered.load(Ordering::Relaxed), 0);
    }
}
