//! The requests of a handle: those that wait for their route, and those in flight.
//!
//! A synchronous value that touches no connection: it decides what is sent where, and is told the outcome.

use super::calls::{Calls, IN_FLIGHT_MAX, InFlight};
use super::connections::ConnectionId;
use super::queue::QueueKey;
use super::routes::{self, Routes};
use crate::request::error::RequestError;
use crate::request::sender::Request;
use crate::request::wire::results::Answered;
use crate::request::wire::submit::{Submit, Submitted};
use std::time::Duration;
use tokio::time::Instant;

/// Most bytes of arguments that wait for their route, and one request more: as many as the queue before them
/// holds. Bytes in flight are counted by their connection.
const WAITING_BYTES_MAX: usize = 64 << 20;

/// Requests that are sent together.
#[derive(Debug)]
pub(super) struct Batch {
    pub queue: QueueKey,
    pub connection: ConnectionId,
    pub submit: Submit,
}

/// All requests of a handle.
#[derive(Debug)]
pub(super) struct Requests {
    /// The routes, which select the connection of each request.
    pub routes: Routes,
    timeout: Duration,
    calls: Calls,
    /// Numbers of the batch that is being sent; kept for its memory.
    sending: Vec<u64>,
}

impl Requests {
    /// Creates a value without requests. `timeout` is how long a request may take before it fails.
    pub(super) fn new(timeout: Duration) -> Requests {
        Requests { routes: Routes::default(), timeout, calls: Calls::default(), sending: Vec::new() }
    }

    /// Returns whether one more request fits.
    pub(super) fn has_capacity(&self) -> bool {
        self.routes.waiting() + self.calls.len() < IN_FLIGHT_MAX
            && self.routes.waiting_bytes() < WAITING_BYTES_MAX
    }

    /// Adds a request.
    pub(super) fn take(&mut self, now: Instant, request: Request) {
        self.routes.take(now, now + self.timeout, request);
    }

    /// Returns the next batch that may be sent, and counts it as sent.
    pub(super) fn next(&mut self) -> Option<Batch> {
        let routes::RoutedRequests { queue, connection, requests } = self.routes.next()?;
        let (now, mut left) = (Instant::now(), Duration::ZERO);
        let mut submitted = Vec::with_capacity(requests.len());
        self.sending.clear();
        for (deadline, Request { call, reply, .. }) in requests {
            let id = self.calls.insert(InFlight { queue, connection, deadline, reply });
            self.sending.push(id);
            left = left.max(deadline.saturating_duration_since(now));
            submitted.push(Submitted { id, call });
        }
        let submit = Submit { group: queue.group, term: 0, left, requests: submitted };
        Some(Batch { queue, connection, submit })
    }

    /// Fails the last batch, which was certainly not sent.
    pub(super) fn unsend(&mut self, queue: QueueKey, connection: ConnectionId) {
        for id in self.sending.drain(..) {
            let unsent = self.calls.take(connection, id).expect("it was kept a moment ago");
            // A caller that has stopped waiting needs no answer. This holds for all answers here.
            let _ = unsent.reply.send(Err(RequestError::Busy));
            self.routes.ended(queue, 1);
        }
    }

    /// Handles an answer that arrived on `connection`. Returns whether another default member may be able to do what
    /// this one could not.
    pub(super) fn answered(&mut self, now: Instant, connection: ConnectionId, answered: Answered) -> bool {
        let Some(call) = self.calls.take(connection, answered.id) else { return false };
        self.routes.ended(call.queue, 1);
        let answer = answered.result.map_err(RequestError::received);
        let elsewhere = answer.as_ref().is_err_and(|error| self.heed(now, *error, call.queue, connection));
        let _ = call.reply.send(answer);
        elsewhere
    }

    /// Reacts to an error of the member on `connection`, or to its silence. Returns the same as
    /// [`answered`](Self::answered).
    fn heed(&mut self, now: Instant, error: RequestError, queue: QueueKey, connection: ConnectionId) -> bool {
        if may_be_led_by_another(error) {
            self.routes.forget_leader(now, queue, connection);
        }
        self.routes.default_connection() == Some(connection) && may_be_better_elsewhere(error)
    }

    /// Handles the end of a connection: requests in flight on it may or may not have happened.
    pub(super) fn lost(&mut self, connection: ConnectionId) {
        for call in self.calls.take_connection(connection) {
            self.routes.ended(call.queue, 1);
            let _ = call.reply.send(Err(RequestError::Disconnected));
        }
    }

    /// Fails the requests whose deadline has passed, and forgets queues that were unused for a while. Returns
    /// the same as [`answered`](Self::answered).
    pub(super) fn expire(&mut self, now: Instant) -> bool {
        self.routes.expire(now);
        let mut elsewhere = false;
        for call in self.calls.take_expired(now) {
            self.routes.ended(call.queue, 1);
            elsewhere |= self.heed(now, RequestError::Timeout, call.queue, call.connection);
            let _ = call.reply.send(Err(RequestError::Timeout));
        }
        self.routes.forget(now);
        elsewhere
    }
}

/// Returns whether another member may be able to do what this one could not.
fn may_be_better_elsewhere(error: RequestError) -> bool {
    matches!(
        error,
        RequestError::NoLeader
            | RequestError::Timeout
            | RequestError::UnknownResource
            | RequestError::Stopped
            | RequestError::Halted
            | RequestError::Contradiction
    )
}

/// Returns whether the member that was asked may not be the leader any more, if it was.
fn may_be_led_by_another(error: RequestError) -> bool {
    may_be_better_elsewhere(error) || matches!(error, RequestError::NotLeader | RequestError::Disconnected)
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
        // All commands share one buffer.
        let command = Command { method: MethodId(1), key_len: 0, body: Bytes::from(vec![0; BODY_MAX]) };
        let fill = |requests: &mut Requests| {
            let mut count = 0;
            while requests.has_capacity() {
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
        requests.routes.opened(MemberId(1), ConnectionId(1));
        requests.routes.set_default_connection(ConnectionId(1));
        let first = requests.next().expect("a batch for the first group");
        assert_eq!(fill(&mut requests), first.submit.requests.len(), "what is sent does not wait");
    }
}
