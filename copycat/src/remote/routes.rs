//! Selects the connection of each request: a synchronous value that touches no connection and reads no clock.
//!
//! A group's requests should take the connection to its leader, or else the one to the default member. A change
//! takes effect when none of them is in flight on the old connection; until then new requests wait in their
//! queue.

use super::links::LinkId;
use super::queue::{QueueKey, QueuedRequest, RequestQueue, Target};
use crate::codec::ids::{GroupId, MemberId};
use crate::request::sender::Request;
use crate::request::wire::leaders::LeaderHint;
use std::collections::{BTreeMap, vec_deque};
use tokio::time::Instant;

/// Requests of one queue that may be sent now, together.
#[derive(Debug)]
pub(super) struct RoutedRequests<'a> {
    pub queue: QueueKey,
    pub link: LinkId,
    pub requests: vec_deque::Drain<'a, QueuedRequest>,
}

/// All queues, and the open connections.
#[derive(Debug, Default)]
pub(super) struct Routes {
    queues: BTreeMap<QueueKey, RequestQueue>,
    links: BTreeMap<MemberId, LinkId>,
    default_link: Option<LinkId>,
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

    pub(super) fn default_link(&self) -> Option<LinkId> {
        self.default_link
    }

    /// Adds a request, which fails at `deadline`.
    pub(super) fn take(&mut self, now: Instant, deadline: Instant, request: Request) {
        let (key, default_link) = (QueueKey::of(&request), self.default_link);
        let queue = self.queues.entry(key).or_insert_with(|| RequestQueue::new(now, default_link));
        if queue.waiting.is_empty() {
            self.ready.push(key);
        }
        self.waiting += 1;
        self.waiting_bytes += request.call.len();
        queue.push(now, (deadline, request));
    }

    /// Returns the next requests that may be sent, and counts them as sent.
    pub(super) fn next(&mut self) -> Option<RoutedRequests<'_>> {
        let (key, link) = loop {
            let key = self.ready.pop()?;
            let Some(queue) = self.queues.get_mut(&key).filter(|queue| !queue.waiting.is_empty()) else {
                continue;
            };
            if let Some(link) = queue.open_link() {
                break (key, link);
            }
        };
        let queue = self.queues.get_mut(&key)?;
        self.waiting -= queue.waiting.len();
        self.waiting_bytes -= queue.waiting_bytes();
        queue.begun(queue.waiting.len());
        Some(RoutedRequests { queue: key, link, requests: queue.waiting.drain(..) })
    }

    /// Records that `count` requests in flight were answered or given up.
    pub(super) fn ended(&mut self, key: QueueKey, count: usize) {
        let queue = self.queues.get_mut(&key).expect("a queue is kept while requests are under way");
        if queue.ended(count) {
            self.ready.push(key);
        }
    }

    /// Records a new connection to a member.
    pub(super) fn opened(&mut self, member: MemberId, link: LinkId) {
        self.links.insert(member, link);
        self.aim();
    }

    /// Makes the connection the default one.
    pub(super) fn settle(&mut self, default_link: LinkId) {
        self.default_link = Some(default_link);
        self.aim();
    }

    /// Records the end of a connection, on which nothing is in flight. Leaders that were reached by it are in
    /// doubt. If it was the default one, any other takes its place.
    pub(super) fn closed(&mut self, now: Instant, link: LinkId) {
        let Some(member) = self.member(link) else { return };
        self.links.remove(&member);
        if self.default_link == Some(link) {
            self.default_link = self.links.values().next().copied();
        }
        for queue in self.queues.values_mut().filter(|queue| queue.target() == Some(link)) {
            queue.doubt(member);
            queue.seek_soon(now);
        }
        self.aim();
    }

    /// Stores the leaders of groups that are going to be used and were not asked about yet.
    pub(super) fn learn(&mut self, now: Instant, leaders: impl Iterator<Item = LeaderHint>) {
        let default_link = self.default_link;
        for leader in leaders {
            let key = QueueKey { group: leader.group, aim: Target::LeaderHint };
            let queue = self.queues.entry(key).or_insert_with(|| RequestQueue::new(now, default_link));
            queue.hear(leader);
        }
        self.aim();
    }

    /// Stores leader hints. Hints for unknown groups are ignored.
    pub(super) fn hear(&mut self, leaders: Vec<LeaderHint>) {
        for leader in leaders {
            let key = QueueKey { group: leader.group, aim: Target::LeaderHint };
            if let Some(queue) = self.queues.get_mut(&key) {
                queue.hear(leader);
            }
        }
        self.aim();
    }

    /// Records that the member on `link` could not do what was asked of a leader, or did not answer.
    pub(super) fn doubt(&mut self, now: Instant, key: QueueKey, link: LinkId) {
        let (member, queue) = (self.member(link), self.queues.get_mut(&key));
        if let (Some(queue), Some(member)) = (queue, member) {
            queue.seek_soon(now);
            // Many may fail at the same time. Only the first changes anything, and only for its own queue.
            if queue.doubt(member) {
                aim(key, queue, &self.links, self.default_link, &mut self.ready);
            }
        }
    }

    /// Returns the member at the other end of a connection.
    fn member(&self, link: LinkId) -> Option<MemberId> {
        self.links.iter().find(|(_, known)| **known == link).map(|(member, _)| *member)
    }

    /// Forgets the member as a leader until it is named again, because it cannot be reached.
    pub(super) fn unreachable(&mut self, member: MemberId) {
        for queue in self.queues.values_mut() {
            queue.doubt(member);
        }
    }

    /// Returns the leaders to which there is no connection.
    pub(super) fn missing(&self) -> impl Iterator<Item = &LeaderHint> {
        let leaders = self.queues.values().filter_map(|queue| queue.leader.as_ref());
        leaders.filter(|leader| !self.links.contains_key(&leader.member))
    }

    /// Returns whom to ask about which groups now: the member that gets their requests, and the default member,
    /// which may know better.
    pub(super) fn seek(&mut self, now: Instant) -> BTreeMap<LinkId, Vec<GroupId>> {
        let mut questions: BTreeMap<LinkId, Vec<GroupId>> = BTreeMap::new();
        let Some(default_link) = self.default_link else { return questions };
        for (key, queue) in &mut self.queues {
            if key.aim == Target::LeaderHint && queue.seek(now) {
                questions.entry(default_link).or_default().push(key.group);
                if let Some(other) = queue.target().filter(|target| *target != default_link) {
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
    pub(super) fn needs(&self, link: LinkId) -> bool {
        self.default_link == Some(link) || self.queues.values().any(|queue| queue.takes(link))
    }

    /// Sets the connection of each queue, and lets waiting requests try it.
    fn aim(&mut self) {
        for (key, queue) in &mut self.queues {
            aim(*key, queue, &self.links, self.default_link, &mut self.ready);
        }
    }
}

fn aim(
    key: QueueKey,
    queue: &mut RequestQueue,
    links: &BTreeMap<MemberId, LinkId>,
    default_link: Option<LinkId>,
    ready: &mut Vec<QueueKey>,
) {
    let leader = queue.leader.as_ref().filter(|_| key.aim == Target::LeaderHint);
    let link = leader.and_then(|leader| links.get(&leader.member));
    queue.aim_at(link.copied().or(default_link));
    if !queue.waiting.is_empty() {
        ready.push(key);
    }
}
