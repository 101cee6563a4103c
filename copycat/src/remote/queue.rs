//! The requests of one group in their order, and the connection they take.

use super::links::LinkId;
use crate::codec::access::{Access, Consistency, ReadOrder};
use crate::codec::ids::{GroupId, MemberId};
use crate::request::failure::Failure;
use crate::request::sender::Request;
use crate::request::wire::leaders::LeaderHint;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// How long a queue that nobody uses is remembered, and with it the connection to its leader.
const IDLE_MAX: Duration = Duration::from_secs(10);
/// How often the leader of a group that is used is asked for.
const SEEK_INTERVAL: Duration = Duration::from_secs(1);
/// The same while it is in doubt.
const SEEK_PAUSE: Duration = Duration::from_millis(50);

/// Whom requests are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// The group's leader.
    LeaderHint,
    /// Any member: they reflect whatever it has applied. Their load stays spread, and they need no leader.
    Anyone,
}

/// Requests that keep their order among each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct QueueKey {
    pub group: GroupId,
    pub aim: Target,
}

impl QueueKey {
    pub(super) fn of(request: &Request) -> QueueKey {
        let aim = match request.call.access {
            // One that keeps its place among other calls travels with them.
            Access::Read(Consistency::Eventual, ReadOrder::Unordered) => Target::Anyone,
            _ => Target::LeaderHint,
        };
        QueueKey { group: request.group, aim }
    }
}

/// A request that was not sent yet, and when its time is up.
pub(super) type QueuedRequest = (Instant, Request);

/// Such requests: those that wait, and where those are that do not.
#[derive(Debug)]
pub(super) struct RequestQueue {
    pub waiting: VecDeque<QueuedRequest>,
    /// How many are under way, all of them on `link`.
    under_way: usize,
    /// The connection they take: changed only while none is under way, so that none overtakes another.
    link: Option<LinkId>,
    /// The connection they should take.
    target: Option<LinkId>,
    /// Who leads, as far as was heard.
    pub leader: Option<LeaderHint>,
    last_use: Instant,
    next_seek: Instant,
    /// Used since the leader was last asked for.
    used: bool,
}

impl RequestQueue {
    pub(super) fn new(now: Instant, target: Option<LinkId>) -> RequestQueue {
        RequestQueue {
            waiting: VecDeque::new(),
            under_way: 0,
            link: None,
            target,
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

    /// The connection that those who wait may take now.
    pub(super) fn open_link(&mut self) -> Option<LinkId> {
        if self.under_way == 0 {
            self.link = self.target;
        }
        self.link.filter(|_| self.link == self.target)
    }

    /// Says which connection should be taken from now on.
    pub(super) fn aim_at(&mut self, target: Option<LinkId>) {
        self.target = target;
    }

    /// Whether `link` is, or shall be, taken.
    pub(super) fn takes(&self, link: LinkId) -> bool {
        self.target == Some(link) || self.under_way > 0 && self.link == Some(link)
    }

    pub(super) fn target(&self) -> Option<LinkId> {
        self.target
    }

    /// So many of those that wait are sent.
    pub(super) fn begun(&mut self, count: usize) {
        self.under_way += count;
    }

    /// So many of those that were sent are answered or given up. Returns whether others may have waited for that.
    pub(super) fn ended(&mut self, count: usize) -> bool {
        assert!(count <= self.under_way, "what was sent ends once");
        self.under_way -= count;
        self.under_way == 0 && !self.waiting.is_empty()
    }

    /// An answer to who leads. Of two, the newer term is right.
    pub(super) fn hear(&mut self, leader: LeaderHint) {
        if self.leader.as_ref().is_none_or(|known| known.term <= leader.term) {
            self.leader = Some(leader);
        }
    }

    /// The member may not lead any more, or cannot be reached: it is to be named again before it is believed. Returns
    /// whether it was.
    pub(super) fn doubt(&mut self, member: MemberId) -> bool {
        self.leader.take_if(|leader| leader.member == member).is_some()
    }

    /// The leader is to be asked for soon.
    pub(super) fn seek_soon(&mut self, now: Instant) {
        self.used = true;
        self.next_seek = self.next_seek.min(now + SEEK_PAUSE);
    }

    /// Whether the leader is to be asked for now; if so, it is.
    pub(super) fn seek(&mut self, now: Instant) -> bool {
        let due = now >= self.next_seek && (self.used || self.under_way > 0 || !self.waiting.is_empty());
        if due {
            self.next_seek = now + SEEK_INTERVAL;
            self.used = false;
        }
        due
    }

    /// Bytes of the arguments of those that wait.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.waiting.iter().map(|(_, request)| request.call.len()).sum()
    }

    /// Ends the wait of those whose time is up, and returns how many they were, and bytes of their arguments.
    pub(super) fn expire(&mut self, now: Instant) -> (usize, usize) {
        let (mut count, mut bytes) = (0, 0);
        while let Some((_, request)) = self.waiting.pop_front_if(|(deadline, _)| *deadline <= now) {
            count += 1;
            bytes += request.call.len();
            // Whoever does not wait any more needs no answer.
            let _ = request.reply.send(Err(Failure::NoLeader));
        }
        (count, bytes)
    }

    /// Whether it need not be remembered.
    pub(super) fn is_idle(&self, now: Instant) -> bool {
        self.under_way == 0 && self.waiting.is_empty() && now >= self.last_use + IDLE_MAX
    }
}
