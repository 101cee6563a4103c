//! One other member, as a shard knows it: whether it can be reached, the heartbeats that are collected for it, and the
//! quiet groups that both members share.

use super::super::wire::heartbeats::{
    DISK_FREE_UNKNOWN, HEARTBEATS_MAX, HeartbeatBatch, HeartbeatHead, HeartbeatRecord, Periods,
};
use crate::codec::ids::GroupId;
use crate::raft::message::Message;
use crate::raft::options::RaftOptions;
use std::collections::BTreeSet;
use std::time::Duration;

/// The state of one other member.
#[derive(Debug)]
pub(super) struct Peer {
    /// Whether requests can be sent to the member.
    pub(super) open: bool,
    /// Heartbeats and their answers that wait to be sent: one message carries those of all groups.
    records: Vec<HeartbeatRecord>,
    /// Whether a message must leave in this turn.
    urgent: bool,
    /// Whether the member is owed a message, even if there is nothing to say about any group: an answer, or the number of
    /// a new period.
    owes_message: bool,
    /// The time when the next heartbeats to the member are due; in the past if none were sent lately.
    next_heartbeat: Duration,
    quiet: QuietGroups,
}

/// The groups that are quiet on this member and concern the other one, and the numbers by which both know that they are
/// quiet on the other side, too.
///
/// Each side numbers its *quiet periods* and names the current one in every message with heartbeats or answers. A member
/// begins a new period when a group is no longer quiet there, and the other one could not know that otherwise: no
/// message about that group says so. Whoever sees a new period of the other side wakes all groups that both share. So
/// one number stands for all of them.
#[derive(Debug)]
struct QuietGroups {
    /// The groups that this member leads. While there are any, it sends signs of life when heartbeats are due.
    led: BTreeSet<GroupId>,
    /// The groups that the other member leads.
    followed: BTreeSet<GroupId>,
    /// This side's current period, and the other side's as far as it is known.
    periods: Periods,
    /// Whether the other side has seen this side's current period.
    seen: bool,
    /// The time at which the other side was last heard.
    newest: Duration,
    /// The time at which it was last heard in the period in which these groups became quiet.
    heard: Duration,
    /// Whether the groups are to wake.
    over: bool,
}

impl Peer {
    /// Creates the state of a member that was not heard yet. `period` is random, so that it differs from those of
    /// earlier processes.
    pub(super) fn new(period: u64) -> Peer {
        let quiet = QuietGroups {
            led: BTreeSet::new(),
            followed: BTreeSet::new(),
            periods: Periods { own: period.max(1), other: 0 },
            seen: false,
            newest: Duration::ZERO,
            heard: Duration::ZERO,
            over: false,
        };
        Peer {
            open: false,
            records: Vec::new(),
            urgent: false,
            owes_message: false,
            next_heartbeat: Duration::ZERO,
            quiet,
        }
    }

    /// Adds a heartbeat, or the answer to one.
    pub(super) fn push(&mut self, group: GroupId, message: Message) {
        let heartbeat = matches!(message, Message::Heartbeat { .. });
        assert!(heartbeat || matches!(message, Message::HeartbeatReply { .. }), "collects {message:?}");
        self.urgent |= heartbeat;
        self.records.push(HeartbeatRecord { group, message, note: 0 });
    }

    /// Marks the messages as urgent, because the member waits for an answer: this turn delays none of them.
    pub(super) fn hurry(&mut self) {
        self.urgent = true;
    }

    /// Returns whether the collected answers wait for the next heartbeats. They do if none is urgent and the heartbeats
    /// are due soon. So two members that lead groups of each other exchange as many messages as if only one of them
    /// led.
    fn holds(&self, now: Duration, delay_max: Duration) -> bool {
        let soon = now < self.next_heartbeat && self.next_heartbeat - now <= delay_max;
        !self.urgent && soon && self.records.len() < HEARTBEATS_MAX
    }

    /// Takes the message that leaves now, if there is one.
    pub(super) fn take_batch(&mut self, now: Duration, options: &RaftOptions) -> Option<HeartbeatBatch> {
        let due = !self.quiet.led.is_empty() && self.next_heartbeat <= now;
        let holds = self.holds(now, options.answer_delay_max());
        self.urgent = false;
        if !due && (holds || self.records.is_empty() && !self.owes_message) {
            return None;
        }
        let records = std::mem::take(&mut self.records);
        let asks = due || records.iter().any(|record| matches!(record.message, Message::Heartbeat { .. }));
        if asks {
            self.next_heartbeat = options.next_heartbeat(now);
        }
        self.owes_message = false;
        assert!(!asks || now < self.next_heartbeat, "the next heartbeats are due before these have left");
        let head = HeartbeatHead { asks, periods: self.quiet.periods, disk_free: DISK_FREE_UNKNOWN };
        Some(HeartbeatBatch { head, records })
    }

    /// Returns the time at which this member must be looked at: a message must leave, or the silence of the member is
    /// too long.
    pub(super) fn deadline(&self, options: &RaftOptions) -> Option<Duration> {
        let sends = self.owes_message || !self.records.is_empty() || !self.quiet.led.is_empty();
        let lapses = self.quiet.lapses_at(options);
        sends.then_some(self.next_heartbeat).into_iter().chain(lapses).min()
    }

    /// Handles the head of a message with heartbeats or answers. Returns whether the quiet has ended.
    pub(super) fn receive_head(&mut self, now: Duration, head: HeartbeatHead) -> bool {
        self.owes_message |= head.asks;
        self.quiet.receive(now, head.periods);
        self.quiet.over
    }

    /// Returns whether the other side has seen the current period of this side, so that its answers are about it.
    pub(super) fn has_seen_period(&self) -> bool {
        self.quiet.seen
    }

    /// Begins a new period, because a group here is no longer quiet. What was to be sent was about the period before.
    pub(super) fn begin_period(&mut self) {
        let QuietGroups { periods, seen, over, .. } = &mut self.quiet;
        periods.own = periods.own.wrapping_add(1).max(1);
        assert!(periods.own != 0, "0 says nothing");
        (*seen, *over) = (false, true);
        self.owes_message = true;
        for record in &mut self.records {
            match &mut record.message {
                Message::Heartbeat { quiet, .. } | Message::HeartbeatReply { quiet, .. } => *quiet = false,
                _ => unreachable!("only heartbeats and answers are collected"),
            }
        }
    }

    /// Begins a new period if the member has been silent for too long. Returns whether it has.
    pub(super) fn check_silence(&mut self, now: Duration, options: &RaftOptions) -> bool {
        let silent = self.quiet.lapses_at(options).is_some_and(|time| time <= now);
        if silent {
            self.begin_period();
        }
        silent
    }

    /// Takes a group that must wake, if there is one.
    pub(super) fn next_to_wake(&mut self) -> Option<GroupId> {
        let QuietGroups { led, followed, over, newest, heard, .. } = &mut self.quiet;
        if !*over {
            return None;
        }
        let group = led.pop_first().or_else(|| followed.pop_first());
        if group.is_none() {
            (*over, *heard) = (false, *newest);
        }
        group
    }

    /// Records that a group is quiet. `leads`: this member leads it; otherwise the other one does.
    pub(super) fn add_quiet(&mut self, group: GroupId, leads: bool) {
        let groups = if leads { &mut self.quiet.led } else { &mut self.quiet.followed };
        groups.insert(group);
        let both = self.quiet.led.contains(&group) && self.quiet.followed.contains(&group);
        assert!(!both, "{group} has two leaders");
    }

    /// Records that a group is no longer quiet.
    pub(super) fn remove_quiet(&mut self, group: GroupId) {
        let led = self.quiet.led.remove(&group);
        let followed = self.quiet.followed.remove(&group);
        assert!(!(led && followed), "{group} had two leaders");
    }

    /// Returns the time at which the member was last heard.
    pub(super) fn heard(&self) -> Duration {
        self.quiet.heard
    }
}

impl QuietGroups {
    fn receive(&mut self, now: Duration, theirs: Periods) {
        if theirs.own == 0 {
            return;
        }
        assert!(self.heard <= self.newest && self.newest <= now, "heard at {:?}, at {now:?}", self.newest);
        self.seen = theirs.other == self.periods.own;
        self.newest = now;
        if self.periods.other != theirs.own {
            self.periods.other = theirs.own;
            self.over = true;
        } else if !self.over {
            self.heard = now;
        }
        assert!(self.over || self.heard == now, "a sign of life that counts for nothing");
    }

    /// Returns the time at which the silence of the member is too long: a little less than the shortest time after
    /// which a follower campaigns, so that its timer is set when it is to go off. `None` if no group is quiet.
    fn lapses_at(&self, options: &RaftOptions) -> Option<Duration> {
        let none = self.led.is_empty() && self.followed.is_empty();
        (!none).then(|| self.heard + options.election_timeout * 4 / 5)
    }
}
