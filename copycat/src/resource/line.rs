//! The calls of one client that keep their order.

use crate::codec::command::Call;
use crate::codec::ids::GroupId;
use crate::request::failure::Failure;
use crate::request::sender::{Answer, RequestSender};
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Mutex;
use tokio::task::unconstrained;

/// A line of calls; what [`Proxy::in_order`](super::proxy::Proxy::in_order) promises begins here.
///
/// From there on, requests for one group stay in line by themselves: through queues, batches and
/// connections up to the leader's log. What is left to be done here is that they enter in the order of their
/// calls, and that each read says whether it stands behind something that a shorter road would overtake.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// Calls that a later read must not overtake, and that have no answer. One whose future was dropped may still
    /// be under way, so it stays: reads then take the longer road for nothing, and see no less.
    unanswered: AtomicUsize,
    /// Held by whoever hands a request in. Fair, as the queue alone is not: there, a place that becomes free
    /// may go to a newcomer before the one that it was promised to has been polled.
    entering: Mutex<()>,
}

impl Line {
    /// As [`RequestSender::call`]. The call has its place in line from when it is first polled.
    pub(crate) async fn call(&self, sender: &RequestSender, group: GroupId, call: Call) -> Answer {
        // Polls that come one after the other see each other's changes of the one counter, whatever their ordering.
        let access = call.access.in_line(self.unanswered.load(Ordering::Relaxed) > 0);
        if access.holds_place() {
            self.unanswered.fetch_add(1, Ordering::Relaxed);
        }
        // A runtime that wants its thread back would otherwise send the call away before it has taken its place.
        let handed_in = unconstrained(async {
            let _entering = self.entering.lock().await;
            sender.hand_in(group, Call { access, ..call }).await
        });
        let answer = match handed_in.await {
            Ok(answer) => answer.await.unwrap_or(Err(Failure::Stopped)),
            Err(failure) => Err(failure),
        };
        if access.holds_place() {
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
        // Two are in and a third waits. Then there is room for two: for it, and for whoever comes.
        calls[..3].iter_mut().for_each(|call| assert!(poll(call).is_pending()));
        let mut entered = vec![taken(&mut requests), taken(&mut requests)];
        calls[3..].iter_mut().for_each(|call| assert!(poll(call).is_pending()));
        while entered.len() < 6 {
            // The newest first: whoever was promised the room comes last.
            calls.iter_mut().rev().for_each(|call| assert!(poll(call).is_pending()));
            entered.push(taken(&mut requests));
        }
        let numbers: Vec<u8> = entered.iter().map(|request| request.call.command.body[0]).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_call_takes_its_place_with_its_first_poll_also_where_a_runtime_rations_polls() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (line, (sender, mut requests)) = (Line::default(), RequestSender::new(1_000));
            let mut calls: Vec<_> = (0..1_000).map(|_| call(&line, &sender, READ, 0)).collect();
            calls.iter_mut().for_each(|call| assert!(poll(call).is_pending()));
            (0..1_000).for_each(|_| drop(taken(&mut requests)));
        });
    }

    #[test]
    fn reads_know_what_they_stand_behind() {
        let (line, (sender, mut requests)) = (Line::default(), RequestSender::new(9));
        let mut place = |access| {
            let mut call = call(&line, &sender, access, 0);
            assert!(poll(&mut call).is_pending());
            let request = taken(&mut requests);
            (call, request)
        };
        let (_, first) = place(READ);
        assert_eq!(first.call.access, Access::Read(Consistency::Strict, ReadOrder::Ordered));
        let (write, asked) = place(Access::Write);
        assert_eq!(asked.call.access, Access::Write);
        let (read, behind) = place(READ);
        assert_eq!(behind.call.access, Access::Read(Consistency::Strict, ReadOrder::AfterWrites));
        drop(asked);
        assert_eq!(block_on(write), Err(Failure::Stopped));
        assert_eq!(
            place(READ).1.call.access,
            behind.call.access,
            "a read that waits must not be overtaken either"
        );
        drop(behind);
        assert_eq!(block_on(read), Err(Failure::Stopped));
        // That last read was dropped unanswered.
        assert_eq!(place(READ).1.call.access, Access::Read(Consistency::Strict, ReadOrder::AfterWrites));
    }

    #[test]
    fn a_call_that_could_not_be_handed_in_is_answered() {
        let (line, (sender, requests)) = (Line::default(), RequestSender::new(1));
        drop(requests);
        assert_eq!(block_on(call(&line, &sender, Access::Write, 0)), Err(Failure::Closed));
        assert_eq!(line.unanswered.load(Ordering::Relaxed), 0);
    }
}
