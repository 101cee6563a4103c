//! The requests of a handle: those that wait for their route, and those that are under way.
//!
//! A synchronous value that touches no connection: it says what is to be sent where, and is told what became of it.

use super::calls::{Calls, IN_FLIGHT_MAX, InFlight};
use super::links::LinkId;
use super::queue::QueueKey;
use super::routes::{self, Routes};
use crate::request::failure::Failure;
use crate::request::sender::Request;
use crate::request::wire::results::Answered;
use crate::request::wire::submit::{Submit, Submitted};
use std::time::Duration;
use tokio::time::Instant;

/// Bytes of arguments that wait for their route, at most, and one request more: as many as the queue in front of them
/// holds. What was sent is counted by its connection.
const WAITING_BYTES_MAX: usize = 64 << 20;

/// Requests that are to be sent together.
#[derive(Debug)]
pub(super) struct Batch {
    pub queue: QueueKey,
    pub link: LinkId,
    pub submit: Submit,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Requests {
    /// Which connection each takes.
    pub routes: Routes,
    timeout: Duration,
    calls: Calls,
    /// Numbers of the batch that is being sent; kept for its memory.
    sending: Vec<u64>,
}

impl Requests {
    /// `timeout` is how long one may take before its caller is told.
    pub(super) fn new(timeout: Duration) -> Requests {
        Requests { routes: Routes::default(), timeout, calls: Calls::default(), sending: Vec::new() }
    }

    /// Whether one more may be taken in.
    pub(super) fn has_room(&self) -> bool {
        self.routes.waiting() + self.calls.len() < IN_FLIGHT_MAX
            && self.routes.waiting_bytes() < WAITING_BYTES_MAX
    }

    /// Takes a request in.
    pub(super) fn take(&mut self, now: Instant, request: Request) {
        self.routes.take(now, now + self.timeout, request);
    }

    /// The next batch that may be sent; it counts as sent.
    pub(super) fn next(&mut self) -> Option<Batch> {
        let routes::RoutedRequests { queue, link, requests } = self.routes.next()?;
        let (now, mut left) = (Instant::now(), Duration::ZERO);
        let mut submitted = Vec::with_capacity(requests.len());
        self.sending.clear();
        for (deadline, Request { call, reply, .. }) in requests {
            let id = self.calls.insert(InFlight { queue, link, deadline, reply });
            self.sending.push(id);
            left = left.max(deadline.saturating_duration_since(now));
            submitted.push(Submitted { id, call });
        }
        let submit = Submit { group: queue.group, term: 0, left, requests: submitted };
        Some(Batch { queue, link, submit })
    }

    /// The batch that was to be sent certainly was not.
    pub(super) fn unsend(&mut self, queue: QueueKey, link: LinkId) {
        for id in self.sending.drain(..) {
            let unsent = self.calls.take(link, id).expect("it was kept a moment ago");
            // Whoever does not wait any more needs no answer; so it is with all answers here.
            let _ = unsent.reply.send(Err(Failure::Busy));
            self.routes.ended(queue, 1);
        }
    }

    /// An answer came by `link`. Returns whether another default member may be able to do what this one could not.
    pub(super) fn answered(&mut self, now: Instant, link: LinkId, answered: Answered) -> bool {
        let Some(call) = self.calls.take(link, answered.id) else { return false };
        self.routes.ended(call.queue, 1);
        let answer = answered.result.map_err(Failure::received);
        let elsewhere = answer.as_ref().is_err_and(|failure| self.heed(now, *failure, call.queue, link));
        let _ = call.reply.send(answer);
        elsewhere
    }

    /// The member behind `link` could not do what it was asked, or did not say so in time.
    fn heed(&mut self, now: Instant, failure: Failure, queue: QueueKey, link: LinkId) -> bool {
        if may_be_led_by_another(failure) {
            self.routes.doubt(now, queue, link);
        }
        self.routes.default_link() == Some(link) && may_be_better_elsewhere(failure)
    }

    /// A connection is gone: what was under way on it may or may not have happened.
    pub(super) fn lost(&mut self, link: LinkId) {
        for call in self.calls.take_link(link) {
            self.routes.ended(call.queue, 1);
            let _ = call.reply.send(Err(Failure::Disconnected));
        }
    }

    /// Ends the wait of those whose time is up, and forgets what nobody has used for a while. Returns what
    /// [`answered`](Self::answered) does.
    pub(super) fn expire(&mut self, now: Instant) -> bool {
        self.routes.expire(now);
        let mut elsewhere = false;
        for call in self.calls.take_expired(now) {
            self.routes.ended(call.queue, 1);
            elsewhere |= self.heed(now, Failure::Timeout, call.queue, call.link);
            let _ = call.reply.send(Err(Failure::Timeout));
        }
        self.routes.forget(now);
        elsewhere
    }
}

/// Whether another member may be able to do what this one could not.
fn may_be_better_elsewhere(failure: Failure) -> bool {
    matches!(
        failure,
        Failure::NoLeader | Failure::Timeout | Failure::UnknownResource | Failure::Stopped | Failure::Halted
    )
}

/// Whether the member that was asked may not be the leader any more, if it was.
fn may_be_led_by_another(failure: Failure) -> bool {
    may_be_better_elsewhere(failure) || matches!(failure, Failure::NotLeader | Failure::Disconnected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::access::Access;
    use crate::codec::command::{Call, Command};
    use crate::codec::frame::BODY_MAX;
    use crate::codec::ids::{GroupId, MemberId, MethodId};
    use bytes::Bytes;
    use tokio::sync::oneshot;

    const TIMEOUT: Duration = Duration::from_secs(5);

    #[test]
    fn what_waits_for_its_route_is_bounded_in_bytes() {
        let (mut requests, now) = (Requests::new(TIMEOUT), Instant::now());
        // One buffer for all of them.
        let command = Command { method: MethodId(1), key_len: 0, body: Bytes::from(vec![0; BODY_MAX]) };
        let fill = |requests: &mut Requests| {
            let mut count = 0;
            while requests.has_room() {
                let call = Call::new(Access::Write, command.clone());
                // Two groups, so that there is more than one queue.
                let group = GroupId(count as u64 % 2);
                requests.take(now, Request { group, call, reply: oneshot::channel().0 });
                count += 1;
            }
            count
        };
        let most = WAITING_BYTES_MAX / BODY_MAX;
        assert_eq!(fill(&mut requests), most);
        requests.expire(now + TIMEOUT);
        assert_eq!(fill(&mut requests), most, "whose time is up waits no longer");
        requests.routes.opened(MemberId(1), LinkId(1));
        requests.routes.settle(LinkId(1));
        let first = requests.next().expect("a batch for the first group");
        assert_eq!(fill(&mut requests), first.submit.requests.len(), "what is sent does not wait");
    }
}
