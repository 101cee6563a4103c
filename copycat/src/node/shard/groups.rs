//! The groups of a shard, and which of them have work.

use super::bounds::Bounds;
use super::budget::{Budget, Usage};
use super::group::Group;
use super::io::Io;
use super::timers::{Timer, Timers};
use crate::codec::ids::GroupId;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// Before the loop sleeps, timers that expire within this time are compared with the deadlines of their groups. Most of
/// them are early, and would wake the loop for nothing.
const LOOK_AHEAD: Duration = Duration::from_millis(50);

/// The position of a group in `slots`. Several inputs for one group in a turn look up its id only once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot(u32);

/// All groups. A turn processes the ready ones only.
#[derive(Debug)]
pub(super) struct Groups {
    slots: Vec<Scheduled>,
    index: BTreeMap<GroupId, Slot>,
    /// The groups that received an input in this turn.
    ready: VecDeque<Slot>,
    /// The groups that have work when the current flush ends.
    awaiting: BTreeSet<Slot>,
    timers: Timers<Slot>,
    budget: Budget,
    /// The number of the current turn.
    turn: u64,
    /// The last turn in which the usage of all groups was recounted: a turn may refuse thousands of requests.
    all_counted_in: u64,
}

/// A group, and the lists that contain it.
#[derive(Debug)]
struct Scheduled {
    group: Group,
    ready: bool,
    awaiting: bool,
    timer: Timer,
    /// Whether the timer expires at the deadline that the group had when it was last processed, and not early.
    is_exact: bool,
    /// The usage that the budget counts for the group.
    counted: Usage,
    /// The last turn in which that was counted. Requests that were admitted since are added.
    counted_in: u64,
}

impl Groups {
    pub(super) fn new(bounds: &Bounds) -> Groups {
        Groups {
            slots: Vec::new(),
            index: BTreeMap::new(),
            ready: VecDeque::new(),
            awaiting: BTreeSet::new(),
            timers: Timers::default(),
            budget: Budget::new(bounds),
            turn: 1,
            all_counted_in: 0,
        }
    }

    /// Returns the slot of a group, if it exists here.
    pub(super) fn find(&self, id: GroupId) -> Option<Slot> {
        self.index.get(&id).copied()
    }

    pub(super) fn get(&self, slot: Slot) -> &Group {
        &self.slots[slot.0 as usize].group
    }

    /// Returns a group for a change that needs no further processing.
    pub(super) fn get_mut(&mut self, slot: Slot) -> &mut Group {
        &mut self.scheduled(slot).group
    }

    fn scheduled(&mut self, slot: Slot) -> &mut Scheduled {
        &mut self.slots[slot.0 as usize]
    }

    /// Marks a group as ready, so that this turn processes it, and returns it for the change.
    pub(super) fn touch(&mut self, slot: Slot) -> &mut Group {
        let scheduled = &mut self.slots[slot.0 as usize];
        if !std::mem::replace(&mut scheduled.ready, true) {
            self.ready.push_back(slot);
        }
        assert!(self.ready.len() <= self.slots.len(), "a group is ready twice");
        &mut self.slots[slot.0 as usize].group
    }

    /// Adds a group, and marks it as ready.
    pub(super) fn insert(&mut self, id: GroupId, group: Group) -> Slot {
        let slot = Slot(u32::try_from(self.slots.len()).expect("fewer groups than memory has bytes"));
        let before = self.index.insert(id, slot);
        assert!(before.is_none(), "a group lives once");
        let (timer, counted) = (Timer::default(), Usage::default());
        self.slots.push(Scheduled {
            group,
            ready: false,
            awaiting: false,
            timer,
            is_exact: false,
            counted,
            counted_in: 0,
        });
        assert_eq!(self.index.len(), self.slots.len(), "each group has a slot, and each slot a group");
        self.touch(slot);
        slot
    }

    /// Returns all groups in the order of their ids.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Group> {
        self.index.values().map(|slot| self.get(*slot))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Group> {
        self.slots.iter_mut().map(|scheduled| &mut scheduled.group)
    }

    /// Reserves memory for one more request of the group, with `bytes` of arguments, while `forwarded` requests are in
    /// flight to other members. Returns whether the request is admitted. Recounts the usage of all groups before the
    /// first refusal of a turn.
    pub(super) fn admit(&mut self, slot: Slot, bytes: usize, forwarded: usize) -> bool {
        let own = self.count(slot);
        if !self.budget.admits(own, forwarded) && self.all_counted_in < self.turn {
            for other in 0..self.slots.len() as u32 {
                self.count(Slot(other));
            }
            self.all_counted_in = self.turn;
        }
        let admitted = self.budget.admits(own, forwarded);
        assert_eq!(self.slots[slot.0 as usize].counted_in, self.turn, "admits a group that was not counted");
        if admitted {
            let with_it = Usage { requests: own.requests + 1, bytes: own.bytes + bytes as u64 };
            self.budget.recount(&mut self.slots[slot.0 as usize].counted, with_it);
        }
        admitted
    }

    fn count(&mut self, slot: Slot) -> Usage {
        let Scheduled { group, counted, counted_in, .. } = &mut self.slots[slot.0 as usize];
        if std::mem::replace(counted_in, self.turn) < self.turn {
            self.budget.recount(counted, group.usage());
        }
        *counted
    }

    /// Takes the next group whose timer has expired. The timer may be early.
    pub(super) fn next_due(&mut self, now: Duration) -> Option<Slot> {
        while let Some((time, slot)) = self.timers.first()
            && time <= now
        {
            if self.timers.take_first(&mut self.slots[slot.0 as usize].timer) {
                return Some(slot);
            }
        }
        None
    }

    /// Returns the time at which the next group has work.
    pub(super) fn deadline(&mut self, now: Duration, io: &Io) -> Option<Duration> {
        while let Some((time, slot)) = self.timers.first()
            && time <= now + LOOK_AHEAD
        {
            let Scheduled { group, timer, is_exact, .. } = &mut self.slots[slot.0 as usize];
            let deadline = if *is_exact && timer.is_at(time) { time } else { group.deadline(now, io) };
            if deadline <= time {
                break;
            }
            if self.timers.take_first(timer) {
                self.timers.set(slot, timer, deadline);
            }
        }
        self.timers.first().map(|(time, _)| time)
    }

    /// Touches the groups that wait for the disk or for a connection, if `wanted` accepts them.
    pub(super) fn touch_waiting(&mut self, wanted: impl Fn(&Group) -> bool) {
        let waiting = self.awaiting.iter().copied();
        let waiting: Vec<Slot> = waiting.filter(|slot| wanted(self.get(*slot))).collect();
        waiting.into_iter().for_each(|slot| {
            self.touch(slot);
        });
    }

    /// Takes the next ready group. The caller processes it and then calls [`finish`](Self::finish). `None` ends the turn.
    pub(super) fn next_ready(&mut self) -> Option<Slot> {
        let next = self.ready.pop_front();
        self.turn += u64::from(next.is_none());
        next
    }

    /// Records that the group was processed, and sets its timer to the time when it has work again.
    pub(super) fn finish(&mut self, now: Duration, slot: Slot, io: &Io) {
        let Scheduled { group, ready, timer, is_exact, .. } = &mut self.slots[slot.0 as usize];
        assert!(*ready, "a group is finished to which nothing has happened");
        *ready = false;
        let deadline = group.deadline(now, io);
        self.timers.set(slot, timer, deadline);
        *is_exact = timer.is_at(deadline);
        self.await_flush(slot);
    }

    /// Records whether the group has work when the current flush ends.
    pub(super) fn await_flush(&mut self, slot: Slot) {
        let Scheduled { group, awaiting, .. } = self.scheduled(slot);
        let awaits = group.awaits_flush();
        if std::mem::replace(awaiting, awaits) == awaits {
            return;
        }
        let changed = if awaits { self.awaiting.insert(slot) } else { self.awaiting.remove(&slot) };
        assert!(changed, "the group and the list of those that wait agree");
    }

    /// Returns whether any group has work when the current flush ends.
    pub(super) fn awaits_any_flush(&self) -> bool {
        !self.awaiting.is_empty()
    }
}
