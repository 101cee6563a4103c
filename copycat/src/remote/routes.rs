//! What goes where: a synchronous value that touches no connection and reads no clock.
//!
//! A group's requests should take the connection to its leader, or else the one to the default member. A change of that takes
//! effect when none of them is under way on the old one; until then those that come wait in their queue.

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

/// All queues, and the connections that are open.
#[derive(Debug, Default)]
pub(super) struct Routes {
    queues: BTreeMap<QueueKey, RequestQueue>,
    links: BTreeMap<MemberId, LinkId>,
    default_link: Option<LinkId>,
    /// Lanes in which somebody waits, as far as they may be able to send.
    ready: Vec<QueueKey>,
    /// How many wait in all queues, and bytes of their arguments.
    waiting: usize,
    waiting_bytes: usize,
}

impl Routes {
    /// How many requests wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Bytes of their arguments.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.waiting_bytes
    }

    pub(super) fn default_link(&self) -> Option<LinkId> {
        self.default_link
    }

    /// Takes a request in; `deadline` is when its time is up.
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

    /// The next that may be sent; they count as sent.
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

    /// So many requests of a queue that were sent are answered or given up.
    pub(super) fn ended(&mut self, key: QueueKey, count: usize) {
        let queue = self.queues.get_mut(&key).expect("a queue is kept while requests are under way");
        if queue.ended(count) {
            self.ready.push(key);
        }
    }

    /// There is a connection to a member.
    pub(super) fn opened(&mut self, member: MemberId, link: LinkId) {
        self.links.insert(member, link);
        self.aim();
    }

    /// The connection is the default one from now on.
    pub(super) fn settle(&mut self, default_link: LinkId) {
        self.default_link = Some(default_link);
        self.aim();
    }

    /// A connection broke or was closed; nothing is under way on it. Leaders that were reached by it are in doubt.
    /// If it was the default one, any other becomes that.
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

    /// Leaders of groups that are going to be used, of which nobody has asked anything yet.
    pub(super) fn learn(&mut self, now: Instant, leaders: impl Iterator<Item = LeaderHint>) {
        let default_link = self.default_link;
        for leader in leaders {
            let key = QueueKey { group: leader.group, aim: Target::LeaderHint };
            let queue = self.queues.entry(key).or_insert_with(|| RequestQueue::new(now, default_link));
            queue.hear(leader);
        }
        self.aim();
    }

    /// Members say who leads. Who is not asked about is not heard of.
    pub(super) fn hear(&mut self, leaders: Vec<LeaderHint>) {
        for leader in leaders {
            let key = QueueKey { group: leader.group, aim: Target::LeaderHint };
            if let Some(queue) = self.queues.get_mut(&key) {
                queue.hear(leader);
            }
        }
        self.aim();
    }

    /// An answer, or the lack of one, says that the member behind `link` could not do what was asked of a leader.
    pub(super) fn doubt(&mut self, now: Instant, key: QueueKey, link: LinkId) {
        let (member, queue) = (self.member(link), self.queues.get_mut(&key));
        if let (Some(queue), Some(member)) = (queue, member) {
            queue.seek_soon(now);
            // Many may fail at the same time: only the first has anything to change, and for its own queue only.
            if queue.doubt(member) {
                aim(key, queue, &self.links, self.default_link, &mut self.ready);
            }
        }
    }

    /// Who is at the other end of a connection.
    fn member(&self, link: LinkId) -> Option<MemberId> {
        self.links.iter().find(|(_, known)| **known == link).map(|(member, _)| *member)
    }

    /// A member cannot be reached: it is forgotten as a leader until it is named again.
    pub(super) fn unreachable(&mut self, member: MemberId) {
        for queue in self.queues.values_mut() {
            queue.doubt(member);
        }
    }

    /// Leaders to which there is no connection.
    pub(super) fn missing(&self) -> impl Iterator<Item = &LeaderHint> {
        let leaders = self.queues.values().filter_map(|queue| queue.leader.as_ref());
        leaders.filter(|leader| !self.links.contains_key(&leader.member))
    }

    /// Whom to ask about which groups now: those that get their requests, and the default member, which may know better.
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

    /// Ends the wait of those whose time is up.
    pub(super) fn expire(&mut self, now: Instant) {
        if self.waiting > 0 {
            for queue in self.queues.values_mut() {
                let (count, bytes) = queue.expire(now);
                self.waiting -= count;
                self.waiting_bytes -= bytes;
            }
        }
    }

    /// Forgets queues that nobody has used for a while.
    pub(super) fn forget(&mut self, now: Instant) {
        self.queues.retain(|_, queue| !queue.is_idle(now));
    }

    /// Whether anybody takes the connection.
    pub(super) fn needs(&self, link: LinkId) -> bool {
        self.default_link == Some(link) || self.queues.values().any(|queue| queue.takes(link))
    }

    /// Says to each queue what it should take, and lets those try that wait.
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
