//! The queue of one group's requests, and the connection that they take.

use super::connections::ConnectionId;
use crate::codec::access::{Access, Consistency, ReadOrder};
use crate::codec::ids::{GroupId, MemberId};
use crate::request::error::RequestError;
use crate::request::sender::Request;
use crate::request::wire::leaders::LeaderHint;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// How long an unused queue is remembered, and with it the connection to its leader.
const IDLE_MAX: Duration = Duration::from_secs(10);
/// The interval at which the leader of a group in use is asked for.
const SEEK_INTERVAL: Duration = Duration::from_secs(1);
/// The pause before the leader is asked for after it was forgotten.
const SEEK_PAUSE: Duration = Duration::from_millis(50);

/// The members that requests are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Recipient {
    /// The group's leader.
    Leader,
    /// Any member: the requests reflect what it has applied. Their load stays spread, and they need no leader.
    AnyMember,
}

/// The key of a queue, whose requests keep their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct QueueKey {
    pub group: GroupId,
    pub recipient: Recipient,
}

impl QueueKey {
    pub(super) fn of(request: &Request) -> QueueKey {
        let recipient = match request.call.access {
            // A read that is ordered among other calls travels with them.
            Access::Read(Consistency::Eventual, ReadOrder::Unordered) => Recipient::AnyMember,
            _ => Recipient::Leader,
        };
        QueueKey { group: request.group, recipient }
    }
}

/// A request that was not sent yet, with its deadline.
pub(super) type QueuedRequest = (Instant, Request);

/// Requests of one group: the waiting ones, and the connection of those in flight.
#[derive(Debug)]
pub(super) struct RequestQueue {
    pub waiting: VecDeque<QueuedRequest>,
    /// Number of requests in flight, all of them on `connection`.
    in_flight: usize,
    /// The connection they take. It changes only while none is in flight, so that none overtakes another.
    connection: Option<ConnectionId>,
    /// The connection they should take.
    wanted_connection: Option<ConnectionId>,
    /// The leader, as far as it is known.
    pub leader: Option<LeaderHint>,
    last_use: Instant,
    next_seek: Instant,
    /// Set if the queue was used since the leader was last asked for.
    used: bool,
}

impl RequestQueue {
    pub(super) fn new(now: Instant, wanted_connection: Option<ConnectionId>) -> RequestQueue {
        RequestQueue {
            waiting: VecDeque::new(),
            in_flight: 0,
            connection: None,
            wanted_connection,
            leader: None,
            last_use: now,
            next_seek: now,
            used: false,
        }
    }

    pub(super) fn push(&mut self, now: Instant, waiting: QueuedRequest) {
        self.waiting.push_back(waiting);
        self.last_use = now;
        self.used = true;
    }

    /// Returns the connection that waiting requests may take now.
    pub(super) fn usable_connection(&mut self) -> Option<ConnectionId> {
        if self.in_flight == 0 {
            self.connection = self.wanted_connection;
        }
        self.connection.filter(|_| self.connection == self.wanted_connection)
    }

    /// Sets the connection that should be taken from now on.
    pub(super) fn want_connection(&mut self, wanted_connection: Option<ConnectionId>) {
        self.wanted_connection = wanted_connection;
    }

    /// Returns whether `connection` is taken, or should be.
    pub(super) fn takes(&self, connection: ConnectionId) -> bool {
        self.wanted_connection == Some(connection)
            || self.in_flight > 0 && self.connection == Some(connection)
    }

    pub(super) fn wanted_connection(&self) -> Option<ConnectionId> {
        self.wanted_connection
    }

    /// Records that `count` waiting requests are sent.
    pub(super) fn begun(&mut self, count: usize) {
        self.in_flight += count;
    }

    /// Records that `count` requests in flight were answered or given up. Returns whether others may have
    /// waited for that.
    pub(super) fn ended(&mut self, count: usize) -> bool {
        assert!(count <= self.in_flight, "what was sent ends once");
        self.in_flight -= count;
        self.in_flight == 0 && !self.waiting.is_empty()
    }

    /// Stores a leader hint, unless the known leader has a newer term.
    pub(super) fn hear(&mut self, leader: LeaderHint) {
        if self.leader.as_ref().is_none_or(|known| known.term <= leader.term) {
            self.leader = Some(leader);
        }
    }

    /// Forgets the leader if it is `member`, which may not lead any more, or cannot be reached. It must be
    /// named again before it is used. Returns whether it was the leader.
    pub(super) fn forget_leader(&mut self, member: MemberId) -> bool {
        self.leader.take_if(|leader| leader.member == member).is_some()
    }

    /// Requests that the leader is asked for soon.
    pub(super) fn seek_soon(&mut self, now: Instant) {
        self.used = true;
        self.next_seek = self.next_seek.min(now + SEEK_PAUSE);
    }

    /// Returns whether the leader is to be asked for now, and counts it as asked.
    pub(super) fn seek(&mut self, now: Instant) -> bool {
        let due = now >= self.next_seek && (self.used || self.in_flight > 0 || !self.waiting.is_empty());
        if due {
            self.next_seek = now + SEEK_INTERVAL;
            self.used = false;
        }
        due
    }

    /// Returns the bytes of the waiting requests' arguments.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.waiting.iter().map(|(_, request)| request.call.len()).sum()
    }

    /// Fails the waiting requests whose deadline has passed. Returns their number, and the bytes of their
    /// arguments.
    pub(super) fn expire(&mut self, now: Instant) -> (usize, usize) {
        let (mut count, mut bytes) = (0, 0);
        while let Some((_, request)) = self.waiting.pop_front_if(|(deadline, _)| *deadline <= now) {
            count += 1;
            bytes += request.call.len();
            // A caller that has stopped waiting needs no answer.
            let _ = request.reply.send(Err(RequestError::NoLeader));
        }
        (count, bytes)
    }

    /// Returns whether the queue need not be remembered.
    pub(super) fn is_idle(&self, now: Instant) -> bool {
        self.in_flight == 0 && self.waiting.is_empty() && now >= self.last_use + IDLE_MAX
    }
}
