//! Selects the connection of each request: a synchronous value that touches no connection and reads no clock.
//!
//! A group's requests should take the connection to its leader, or else the one to the default member. A change
//! takes effect when none of them is in flight on the old connection; until then new requests wait in their
//! queue.

use super::connections::ConnectionId;
use super::queue::{QueueKey, QueuedRequest, Recipient, RequestQueue};
use crate::codec::ids::{GroupId, MemberId};
use crate::request::sender::Request;
use crate::request::wire::leaders::LeaderHint;
use std::collections::{BTreeMap, vec_deque};
use tokio::time::Instant;

/// Requests of one queue that may be sent now, together.
#[derive(Debug)]
pub(super) struct RoutedRequests<'a> {
    pub queue: QueueKey,
    pub connection: ConnectionId,
    pub requests: vec_deque::Drain<'a, QueuedRequest>,
}

/// All queues, and the open connections.
#[derive(Debug, Default)]
pub(super) struct Routes {
    queues: BTreeMap<QueueKey, RequestQueue>,
    connections: BTreeMap<MemberId, ConnectionId>,
    default_connection: Option<ConnectionId>,
    /// Queues with waiting requests, as far as they may be able to send.
    ready: Vec<QueueKey>,
    /// Number of requests that wait in all queues, and bytes of their arguments.
    waiting: usize,
    waiting_bytes: usize,
}

impl Routes {
    /// Returns the number of waiting requests.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Returns the bytes of the waiting requests' arguments.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.waiting_bytes
    }

    pub(super) fn default_connection(&self) -> Option<ConnectionId> {
        self.default_connection
    }

    /// Adds a request, which fails at `deadline`.
    pub(super) fn take(&mut self, now: Instant, deadline: Instant, request: Request) {
        let (key, default_connection) = (QueueKey::of(&request), self.default_connection);
        let queue = self.queues.entry(key).or_insert_with(|| RequestQueue::new(now, default_connection));
        if queue.waiting.is_empty() {
            self.ready.push(key);
        }
        self.waiting += 1;
        self.waiting_bytes += request.call.len();
        queue.push(now, (deadline, request));
    }

    /// Returns the next requests that may be sent, and counts them as sent.
    pub(super) fn next(&mut self) -> Option<RoutedRequests<'_>> {
        let (key, connection) = loop {
            let key = self.ready.pop()?;
            let Some(queue) = self.queues.get_mut(&key).filter(|queue| !queue.waiting.is_empty()) else {
                continue;
            };
            if let Some(connection) = queue.usable_connection() {
                break (key, connection);
            }
        };
        let queue = self.queues.get_mut(&key)?;
        self.waiting -= queue.waiting.len();
        self.waiting_bytes -= queue.waiting_bytes();
        queue.begun(queue.waiting.len());
        Some(RoutedRequests { queue: key, connection, requests: queue.waiting.drain(..) })
    }

    /// Records that `count` requests in flight were answered or given up.
    pub(super) fn ended(&mut self, key: QueueKey, count: usize) {
        let queue = self.queues.get_mut(&key).expect("a queue is kept while requests are in flight");
        if queue.ended(count) {
            self.ready.push(key);
        }
    }

    /// Records a new connection to a member.
    pub(super) fn opened(&mut self, member: MemberId, connection: ConnectionId) {
        self.connections.insert(member, connection);
        self.assign_connections();
    }

    /// Makes the connection the default one.
    pub(super) fn set_default_connection(&mut self, default_connection: ConnectionId) {
        self.default_connection = Some(default_connection);
        self.assign_connections();
    }

    /// Records the end of a connection, on which nothing is in flight. Leaders that were reached by it are
    /// forgotten. If it was the default one, any other takes its place.
    pub(super) fn closed(&mut self, now: Instant, connection: ConnectionId) {
        let Some(member) = self.member(connection) else { return };
        self.connections.remove(&member);
        if self.default_connection == Some(connection) {
            self.default_connection = self.connections.values().next().copied();
        }
        for queue in self.queues.values_mut().filter(|queue| queue.wanted_connection() == Some(connection)) {
            queue.forget_leader(member);
            queue.seek_soon(now);
        }
        self.assign_connections();
    }

    /// Stores the leaders of groups that are going to be used and were not asked about yet.
    pub(super) fn learn(&mut self, now: Instant, leaders: impl Iterator<Item = LeaderHint>) {
        let default_connection = self.default_connection;
        for leader in leaders {
            let key = QueueKey { group: leader.group, recipient: Recipient::Leader };
            let queue = self.queues.entry(key).or_insert_with(|| RequestQueue::new(now, default_connection));
            queue.hear(leader);
        }
        self.assign_connections();
    }

    /// Stores leader hints. Hints for unknown groups are ignored.
    pub(super) fn hear(&mut self, leaders: Vec<LeaderHint>) {
        for leader in leaders {
            let key = QueueKey { group: leader.group, recipient: Recipient::Leader };
            if let Some(queue) = self.queues.get_mut(&key) {
                queue.hear(leader);
            }
        }
        self.assign_connections();
    }

    /// Records that the member on `connection` could not do what was asked of a leader, or did not answer.
    pub(super) fn forget_leader(&mut self, now: Instant, key: QueueKey, connection: ConnectionId) {
        let (member, queue) = (self.member(connection), self.queues.get_mut(&key));
        if let (Some(queue), Some(member)) = (queue, member) {
            queue.seek_soon(now);
            // Many may fail at the same time. Only the first changes anything, and only for its own queue.
            if queue.forget_leader(member) {
                assign_connection(key, queue, &self.connections, self.default_connection, &mut self.ready);
            }
        }
    }

    /// Returns the member at the other end of a connection.
    fn member(&self, connection: ConnectionId) -> Option<MemberId> {
        self.connections.iter().find(|(_, known)| **known == connection).map(|(member, _)| *member)
    }

    /// Forgets the member as a leader until it is named again, because it cannot be reached.
    pub(super) fn unreachable(&mut self, member: MemberId) {
        for queue in self.queues.values_mut() {
            queue.forget_leader(member);
        }
    }

    /// Returns the leaders to which there is no connection.
    pub(super) fn missing(&self) -> impl Iterator<Item = &LeaderHint> {
        let leaders = self.queues.values().filter_map(|queue| queue.leader.as_ref());
        leaders.filter(|leader| !self.connections.contains_key(&leader.member))
    }

    /// Returns whom to ask about which groups now: the member that gets their requests, and the default member,
    /// which may know better.
    pub(super) fn seek(&mut self, now: Instant) -> BTreeMap<ConnectionId, Vec<GroupId>> {
        let mut questions: BTreeMap<ConnectionId, Vec<GroupId>> = BTreeMap::new();
        let Some(default_connection) = self.default_connection else { return questions };
        for (key, queue) in &mut self.queues {
            if key.recipient == Recipient::Leader && queue.seek(now) {
                questions.entry(default_connection).or_default().push(key.group);
                if let Some(other) = queue.wanted_connection().filter(|target| *target != default_connection)
                {
                    questions.entry(other).or_default().push(key.group);
                }
            }
        }
        questions
    }

    /// Fails the waiting requests whose deadline has passed.
    pub(super) fn expire(&mut self, now: Instant) {
        if self.waiting > 0 {
            for queue in self.queues.values_mut() {
                let (count, bytes) = queue.expire(now);
                self.waiting -= count;
                self.waiting_bytes -= bytes;
            }
        }
    }

    /// Forgets queues that were unused for a while.
    pub(super) fn forget(&mut self, now: Instant) {
        self.queues.retain(|_, queue| !queue.is_idle(now));
    }

    /// Returns whether the connection is in use.
    pub(super) fn needs(&self, connection: ConnectionId) -> bool {
        self.default_connection == Some(connection)
            || self.queues.values().any(|queue| queue.takes(connection))
    }

    /// Sets the connection of each queue, and lets waiting requests try it.
    fn assign_connections(&mut self) {
        for (key, queue) in &mut self.queues {
            assign_connection(*key, queue, &self.connections, self.default_connection, &mut self.ready);
        }
    }
}

fn assign_connection(
    key: QueueKey,
    queue: &mut RequestQueue,
    connections: &BTreeMap<MemberId, ConnectionId>,
    default_connection: Option<ConnectionId>,
    ready: &mut Vec<QueueKey>,
) {
    let leader = queue.leader.as_ref().filter(|_| key.recipient == Recipient::Leader);
    let connection = leader.and_then(|leader| connections.get(&leader.member));
    queue.want_connection(connection.copied().or(default_connection));
    if !queue.waiting.is_empty() {
        ready.push(key);
    }
}
