//! What goes where: a synchronous value that touches no connection and reads no clock.
//!
//! A group's requests should take the connection to its leader, or else the one to the home. A change of that takes
//! effect when none of them is under way on the old one; until then those that come wait in their lane.

use super::lane::{Aim, Lane, LaneKey, Waiting};
use super::links::LinkId;
use crate::codec::ids::{GroupId, MemberId};
use crate::request::sender::Request;
use crate::transport::wire::Leader;
use std::collections::{BTreeMap, vec_deque};
use tokio::time::Instant;

/// Requests of one lane that may be sent now, together.
#[derive(Debug)]
pub(super) struct Batch<'a> {
    pub lane: LaneKey,
    pub link: LinkId,
    pub requests: vec_deque::Drain<'a, Waiting>,
}

/// All lanes, and the connections that are open.
#[derive(Debug, Default)]
pub(super) struct Routes {
    lanes: BTreeMap<LaneKey, Lane>,
    links: BTreeMap<MemberId, LinkId>,
    home: Option<LinkId>,
    /// Lanes in which somebody waits, as far as they may be able to send.
    ready: Vec<LaneKey>,
    waiting: usize,
}

impl Routes {
    /// How many requests wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    pub(super) fn home(&self) -> Option<LinkId> {
        self.home
    }

    /// Takes a request in; `deadline` is when its time is up.
    pub(super) fn take(&mut self, now: Instant, deadline: Instant, request: Request) {
        let (key, home) = (LaneKey::of(&request), self.home);
        let lane = self.lanes.entry(key).or_insert_with(|| Lane::new(now, home));
        if lane.waiting.is_empty() {
            self.ready.push(key);
        }
        lane.push(now, (deadline, request));
        self.waiting += 1;
    }

    /// The next that may be sent; they count as sent.
    pub(super) fn next(&mut self) -> Option<Batch<'_>> {
        let (key, link) = loop {
            let key = self.ready.pop()?;
            let Some(lane) = self.lanes.get_mut(&key).filter(|lane| !lane.waiting.is_empty()) else {
                continue;
            };
            if let Some(link) = lane.open_link() {
                break (key, link);
            }
        };
        let lane = self.lanes.get_mut(&key)?;
        self.waiting -= lane.waiting.len();
        lane.begun(lane.waiting.len());
        Some(Batch { lane: key, link, requests: lane.waiting.drain(..) })
    }

    /// So many requests of a lane that were sent are answered or given up.
    pub(super) fn ended(&mut self, key: LaneKey, count: usize) {
        let lane = self.lanes.get_mut(&key).expect("a lane is kept while requests are under way");
        if lane.ended(count) {
            self.ready.push(key);
        }
    }

    /// There is a connection to a member.
    pub(super) fn opened(&mut self, member: MemberId, link: LinkId) {
        self.links.insert(member, link);
        self.aim();
    }

    /// The connection is the home's from now on.
    pub(super) fn settle(&mut self, home: LinkId) {
        self.home = Some(home);
        self.aim();
    }

    /// A connection broke or was closed; nothing is under way on it. Leaders that were reached by it are in doubt.
    /// If it was the home's, any other becomes that.
    pub(super) fn closed(&mut self, now: Instant, link: LinkId) {
        let Some(member) = self.member(link) else { return };
        self.links.remove(&member);
        if self.home == Some(link) {
            self.home = self.links.values().next().copied();
        }
        for lane in self.lanes.values_mut().filter(|lane| lane.target() == Some(link)) {
            lane.doubt(member);
            lane.seek_soon(now);
        }
        self.aim();
    }

    /// Members say who leads. Who is not asked about is not heard of.
    pub(super) fn hear(&mut self, leaders: Vec<Leader>) {
        for leader in leaders {
            let key = LaneKey { group: leader.group, aim: Aim::Leader };
            if let Some(lane) = self.lanes.get_mut(&key) {
                lane.hear(leader);
            }
        }
        self.aim();
    }

    /// An answer, or the lack of one, says that the member behind `link` could not do what was asked of a leader.
    pub(super) fn doubt(&mut self, now: Instant, key: LaneKey, link: LinkId) {
        let (member, lane) = (self.member(link), self.lanes.get_mut(&key));
        if let (Some(lane), Some(member)) = (lane, member) {
            lane.seek_soon(now);
            // Many may fail at the same time: only the first has anything to change, and for its own lane only.
            if lane.doubt(member) {
                aim(key, lane, &self.links, self.home, &mut self.ready);
            }
        }
    }

    /// Who is at the other end of a connection.
    fn member(&self, link: LinkId) -> Option<MemberId> {
        self.links.iter().find(|(_, known)| **known == link).map(|(member, _)| *member)
    }

    /// A member cannot be reached: it is forgotten as a leader until it is named again.
    pub(super) fn unreachable(&mut self, member: MemberId) {
        for lane in self.lanes.values_mut() {
            lane.doubt(member);
        }
    }

    /// Leaders to which there is no connection.
    pub(super) fn missing(&self) -> impl Iterator<Item = &Leader> {
        let leaders = self.lanes.values().filter_map(|lane| lane.leader.as_ref());
        leaders.filter(|leader| !self.links.contains_key(&leader.member))
    }

    /// Whom to ask about which groups now: those that get their requests, and the home, which may know better.
    pub(super) fn seek(&mut self, now: Instant) -> BTreeMap<LinkId, Vec<GroupId>> {
        let mut questions: BTreeMap<LinkId, Vec<GroupId>> = BTreeMap::new();
        let Some(home) = self.home else { return questions };
        for (key, lane) in &mut self.lanes {
            if key.aim == Aim::Leader && lane.seek(now) {
                questions.entry(home).or_default().push(key.group);
                if let Some(other) = lane.target().filter(|target| *target != home) {
                    questions.entry(other).or_default().push(key.group);
                }
            }
        }
        questions
    }

    /// Ends the wait of those whose time is up.
    pub(super) fn expire(&mut self, now: Instant) {
        if self.waiting > 0 {
            self.waiting -= self.lanes.values_mut().map(|lane| lane.expire(now)).sum::<usize>();
        }
    }

    /// Forgets lanes that nobody has used for a while.
    pub(super) fn forget(&mut self, now: Instant) {
        self.lanes.retain(|_, lane| !lane.is_idle(now));
    }

    /// Whether anybody takes the connection.
    pub(super) fn needs(&self, link: LinkId) -> bool {
        self.home == Some(link) || self.lanes.values().any(|lane| lane.takes(link))
    }

    /// Says to each lane what it should take, and lets those try that wait.
    fn aim(&mut self) {
        for (key, lane) in &mut self.lanes {
            aim(*key, lane, &self.links, self.home, &mut self.ready);
        }
    }
}

fn aim(
    key: LaneKey,
    lane: &mut Lane,
    links: &BTreeMap<MemberId, LinkId>,
    home: Option<LinkId>,
    ready: &mut Vec<LaneKey>,
) {
    let leader = lane.leader.as_ref().filter(|_| key.aim == Aim::Leader);
    let link = leader.and_then(|leader| links.get(&leader.member));
    lane.aim_at(link.copied().or(home));
    if !lane.waiting.is_empty() {
        ready.push(key);
    }
}
