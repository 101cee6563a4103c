//! One other member, as a shard knows it: whether it can be reached, the heartbeats that are collected for it, and the
//! quiet groups that both members share.

use super::super::wire::heartbeats::{
    Agreements, DISK_FREE_UNKNOWN, HEARTBEATS_MAX, HeartbeatBatch, HeartbeatHead, HeartbeatRecord,
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
    /// Whether what was collected leaves in this turn.
    send_now: bool,
    /// Whether the member is owed a message, even if there is nothing to say about any group: an answer, or the number
    /// of a new agreement.
    owes_message: bool,
    /// The time when the next heartbeats to the member are due; in the past if none were sent lately.
    next_heartbeat: Duration,
    quiet: QuietGroups,
}

/// The groups that are quiet on this member and that it shares with the other one, and the numbers by which both know
/// that they are quiet on the other side, too.
///
/// Each side numbers its *quiet agreement*: the agreement that these groups are quiet. Each message with heartbeats or
/// answers carries both numbers. A member ends the agreement, and takes the next number, when a group is no longer
/// quiet there and no message about that group tells the other member so. Whoever sees that the other side's number has
/// changed wakes all groups that both share.
#[derive(Debug)]
struct QuietGroups {
    /// Those that this member leads. While there are any, it sends member heartbeats: messages with heartbeats, which
    /// may be empty.
    led: BTreeSet<GroupId>,
    /// Those that the other member leads.
    followed: BTreeSet<GroupId>,
    /// This side's number, and the other side's as far as it is known.
    agreements: Agreements,
    /// Whether the other side knows this side's number.
    known_there: bool,
    /// Whether this side's number was never sent. Then the agreement can end without a new number.
    is_new: bool,
    /// The time at which the other side was last heard.
    last_heard: Duration,
    /// The time at which it was last heard under the agreement by which these groups are quiet.
    heard_in_agreement: Duration,
    /// Whether the agreement has ended, and the groups must wake.
    must_wake: bool,
}

impl Peer {
    /// Creates the state of a member that was not heard yet. `agreement` is a random number, so that it differs from
    /// those of earlier processes.
    pub(super) fn new(agreement: u64) -> Peer {
        let quiet = QuietGroups {
            led: BTreeSet::new(),
            followed: BTreeSet::new(),
            agreements: Agreements { own: agreement.max(1), other: 0 },
            known_there: false,
            is_new: true,
            last_heard: Duration::ZERO,
            heard_in_agreement: Duration::ZERO,
            must_wake: false,
        };
        Peer {
            open: false,
            records: Vec::new(),
            send_now: false,
            owes_message: false,
            next_heartbeat: Duration::ZERO,
            quiet,
        }
    }

    /// Adds a heartbeat, or the answer to one.
    pub(super) fn push(&mut self, group: GroupId, mut message: Message) {
        self.send_now |= matches!(message, Message::Heartbeat { .. });
        let quiet = *message.quiet_mut().expect("only heartbeats and answers are collected");
        self.quiet.is_new &= !quiet;
        self.records.push(HeartbeatRecord { group, message, extra: 0 });
    }

    /// Marks the messages as urgent, because the member waits for an answer: this turn delays none of them.
    pub(super) fn send_now(&mut self) {
        self.send_now = true;
    }

    /// Returns whether the collected answers wait for the next heartbeats. They do if none is urgent and the heartbeats
    /// are due soon. So two members that lead groups of each other exchange as many messages as if only one of them
    /// led.
    fn holds(&self, now: Duration, delay_max: Duration) -> bool {
        let soon = now < self.next_heartbeat && self.next_heartbeat - now <= delay_max;
        !self.send_now && soon && self.records.len() < HEARTBEATS_MAX
    }

    /// Takes the message that leaves now, if there is one.
    pub(super) fn take_batch(&mut self, now: Duration, options: &RaftOptions) -> Option<HeartbeatBatch> {
        let due = !self.quiet.led.is_empty() && self.next_heartbeat <= now;
        let holds = self.holds(now, options.answer_delay_max());
        self.send_now = false;
        if !due && (holds || self.records.is_empty() && !self.owes_message) {
            return None;
        }
        let records = std::mem::take(&mut self.records);
        let asks = due || records.iter().any(|record| matches!(record.message, Message::Heartbeat { .. }));
        if asks {
            self.next_heartbeat = options.next_heartbeat(now);
        }
        (self.owes_message, self.quiet.is_new) = (false, false);
        assert!(!asks || now < self.next_heartbeat, "the next heartbeats are due before these have left");
        let head = HeartbeatHead { asks, agreements: self.quiet.agreements, disk_free: DISK_FREE_UNKNOWN };
        Some(HeartbeatBatch { head, records })
    }

    /// Returns the time at which this member must be looked at: a message must leave, or the silence of the member is
    /// too long.
    pub(super) fn deadline(&self, options: &RaftOptions) -> Option<Duration> {
        let sends = self.owes_message || !self.records.is_empty() || !self.quiet.led.is_empty();
        let lapses = self.quiet.lapses_at(options);
        sends.then_some(self.next_heartbeat).into_iter().chain(lapses).min()
    }

    /// Handles the head of a message with heartbeats or answers. Returns whether an agreement has ended.
    pub(super) fn receive_head(&mut self, now: Duration, head: HeartbeatHead) -> bool {
        self.owes_message |= head.asks;
        self.quiet.receive(now, head.agreements);
        if self.quiet.must_wake {
            // This side's number stays: two members that answer each new number by another one would never agree.
            self.withdraw_unsent();
        }
        self.quiet.must_wake
    }

    /// Returns whether the other side knows the current agreement of this side, so that its answers are about it.
    pub(super) fn is_agreement_known(&self) -> bool {
        self.quiet.known_there
    }

    /// Ends the agreement, because a group here is no longer quiet.
    pub(super) fn end_agreement(&mut self) {
        let QuietGroups { agreements, known_there, is_new, must_wake, .. } = &mut self.quiet;
        *must_wake = true;
        if *is_new {
            return;
        }
        agreements.own = agreements.own.wrapping_add(1).max(1);
        assert!(agreements.own != 0, "0 says nothing");
        (*known_there, *is_new) = (false, true);
        self.owes_message = true;
        self.withdraw_unsent();
    }

    /// Takes back what was proposed or agreed in the messages that have not left yet.
    fn withdraw_unsent(&mut self) {
        for record in &mut self.records {
            *record.message.quiet_mut().expect("only heartbeats and answers are collected") = false;
        }
    }

    /// Ends the agreement if the member has been silent for too long. Returns whether it has.
    pub(super) fn check_silence(&mut self, now: Duration, options: &RaftOptions) -> bool {
        let silent = self.quiet.lapses_at(options).is_some_and(|time| time <= now);
        if silent {
            self.end_agreement();
        }
        silent
    }

    /// Takes a group that must wake, if there is one.
    pub(super) fn next_to_wake(&mut self) -> Option<GroupId> {
        let QuietGroups { led, followed, must_wake, last_heard, heard_in_agreement, .. } = &mut self.quiet;
        if !*must_wake {
            return None;
        }
        let group = led.pop_first().or_else(|| followed.pop_first());
        if group.is_none() {
            (*must_wake, *heard_in_agreement) = (false, *last_heard);
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

    /// Returns the time at which the member was last heard under the agreement by which groups are quiet.
    pub(super) fn heard_in_agreement(&self) -> Duration {
        self.quiet.heard_in_agreement
    }
}

impl QuietGroups {
    fn is_empty(&self) -> bool {
        self.led.is_empty() && self.followed.is_empty()
    }

    fn receive(&mut self, now: Duration, theirs: Agreements) {
        if theirs.own == 0 {
            return;
        }
        assert!(self.heard_in_agreement <= self.last_heard, "heard later than ever heard");
        assert!(self.last_heard <= now, "heard at {:?}, at {now:?}", self.last_heard);
        self.known_there = theirs.other == self.agreements.own;
        self.last_heard = now;
        if self.agreements.other != theirs.own {
            self.agreements.other = theirs.own;
            self.must_wake = true;
        } else if !self.must_wake {
            self.heard_in_agreement = now;
        }
        assert!(self.must_wake || self.heard_in_agreement == now, "a heartbeat that counts for nothing");
    }

    /// Returns the time at which the silence of the member is too long: slightly before the earliest election timeout,
    /// so that the election timer of a follower that wakes is set in time. `None` if no group is quiet.
    fn lapses_at(&self, options: &RaftOptions) -> Option<Duration> {
        (!self.is_empty()).then(|| self.heard_in_agreement + options.election_timeout * 4 / 5)
    }
}
