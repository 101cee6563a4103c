//! The groups of a shard, and which of them have work.

use super::bounds::Bounds;
use super::budget::{Budget, Usage};
use super::group::Group;
use super::input::AttachError;
use super::io::Io;
use super::open_resource::{OpenResource, RecordState};
use super::timers::{Timer, Timers};
use crate::codec::group_map::GroupMap;
use crate::codec::ids::GroupId;
use crate::codec::shape::record::SchemaRecord;
use crate::storage::StorageError;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// Before the loop sleeps, timers that expire within this time are compared with the deadlines of their groups. Most of
/// them are early, and would wake the loop for nothing.
const LOOK_AHEAD: Duration = Duration::from_millis(50);

/// The longest delay of a dispatch for which no caller on this member waits. Each dispatch wakes the applier's thread,
/// and on followers it does so for no caller. So those of all groups are due together.
const LAZY: Duration = Duration::from_millis(5);

/// The position of a group in `slots`. Several inputs for one group in a turn look up its id only once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot(u32);

/// All groups. A turn processes the ready ones only.
#[derive(Debug)]
pub(super) struct Groups {
    slots: Vec<Scheduled>,
    index: GroupMap<Slot>,
    /// The groups that received an input in this turn.
    ready: VecDeque<Slot>,
    /// The groups that have work when the current flush ends. Some of the list may have none any more.
    awaiting: Vec<Slot>,
    /// The number of those that have work then.
    awaiting_count: usize,
    /// The groups whose dispatch was postponed. Some of the list may have dispatched since.
    postponed: Vec<Slot>,
    /// The time at which those are due; `None` if there are none.
    postponed_due: Option<Duration>,
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
    /// Whether it has work when the current flush ends. If so, it is listed.
    awaiting: bool,
    listed: bool,
    postponed: bool,
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
            index: GroupMap::default(),
            ready: VecDeque::new(),
            awaiting: Vec::new(),
            awaiting_count: 0,
            postponed: Vec::new(),
            postponed_due: None,
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

    /// Returns whether a resource can be opened: none of its groups is attached, and what is on record for them does not
    /// contradict its commands.
    pub(super) fn may_open(
        &mut self,
        resource: &Arc<OpenResource>,
        io: &Io,
    ) -> Result<Result<(), AttachError>, StorageError> {
        let found: Vec<Slot> = resource.groups.iter().filter_map(|id| self.find(*id)).collect();
        if found.iter().any(|slot| self.get(*slot).is_attached()) {
            return Ok(Err(AttachError::AlreadyOpen));
        }
        for slot in found {
            match self.get_mut(slot).prepare(resource, io) {
                Ok(None) => {}
                Ok(Some(conflict)) => return Ok(Err(AttachError::Conflict(conflict))),
                // The group stops when it is attached: it reads the same entries.
                Err(error) if error.is_of_group() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Ok(()))
    }

    /// Returns what the groups of an open resource say of its commands.
    pub(super) fn record_state(&self, resource: &OpenResource) -> RecordState {
        let slot = |id: &GroupId| self.find(*id).expect("an open resource has its groups");
        let states = resource.groups.iter().map(|id| self.get(slot(id)).record_state());
        states.max().unwrap_or(RecordState::Same)
    }

    /// Returns what is on record of an open resource, once it is on record in every group of it and this program agrees.
    pub(super) fn record(&self, resource: &OpenResource) -> Option<&SchemaRecord> {
        let record = |group: &GroupId| self.get(self.find(*group)?).agreed_record();
        let first = record(resource.groups.first()?)?;
        resource.groups.iter().all(|group| record(group).is_some()).then_some(&**first)
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
            listed: false,
            postponed: false,
            timer,
            is_exact: false,
            counted,
            counted_in: 0,
        });
        assert_eq!(self.index.len(), self.slots.len(), "each group has a slot, and each slot a group");
        self.touch(slot);
        slot
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Group> {
        self.slots.iter().map(|scheduled| &scheduled.group)
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
        [self.timers.first().map(|(time, _)| time), self.postponed_due].into_iter().flatten().min()
    }

    /// Touches the groups whose dispatch was postponed, if these are due.
    pub(super) fn touch_postponed(&mut self, now: Duration) {
        if self.postponed_due.is_none_or(|due| now < due) {
            return;
        }
        self.postponed_due = None;
        let mut postponed = std::mem::take(&mut self.postponed);
        for slot in postponed.drain(..) {
            let scheduled = self.scheduled(slot);
            scheduled.postponed = false;
            if scheduled.group.has_postponed() {
                self.touch(slot).postponed_is_due();
            }
        }
        self.postponed = postponed;
    }

    /// Touches the groups that wait for the disk or for a connection, if `wanted` accepts them.
    pub(super) fn touch_waiting(&mut self, wanted: impl Fn(&Group) -> bool) {
        let mut listed = std::mem::take(&mut self.awaiting);
        listed.retain(|slot| {
            let scheduled = self.scheduled(*slot);
            scheduled.listed = scheduled.awaiting;
            scheduled.listed
        });
        for slot in &listed {
            if wanted(self.get(*slot)) {
                self.touch(*slot);
            }
        }
        assert_eq!(listed.len(), self.awaiting_count, "the list holds those that wait");
        self.awaiting = listed;
    }

    /// Takes the next ready group. The caller processes it and then calls [`finish`](Self::finish). `None` ends the
    /// turn.
    pub(super) fn next_ready(&mut self) -> Option<Slot> {
        let next = self.ready.pop_front();
        self.turn += u64::from(next.is_none());
        next
    }

    /// Records that the group was processed, and sets its timer to the time when it has work again.
    pub(super) fn finish(&mut self, now: Duration, slot: Slot, io: &Io) {
        let Scheduled { group, ready, postponed, timer, is_exact, .. } = &mut self.slots[slot.0 as usize];
        assert!(*ready, "a group is finished to which nothing has happened");
        *ready = false;
        let deadline = group.deadline(now, io);
        self.timers.set(slot, timer, deadline);
        *is_exact = timer.is_at(deadline);
        if group.has_postponed() && !std::mem::replace(postponed, true) {
            self.postponed.push(slot);
            self.postponed_due.get_or_insert(now + LAZY);
        }
        self.await_flush(slot);
    }

    /// Records whether the group has work when the current flush ends.
    pub(super) fn await_flush(&mut self, slot: Slot) {
        let Scheduled { group, awaiting, listed, .. } = &mut self.slots[slot.0 as usize];
        let awaits = group.awaits_flush();
        self.awaiting_count = self.awaiting_count + usize::from(awaits) - usize::from(*awaiting);
        *awaiting = awaits;
        if awaits && !std::mem::replace(listed, true) {
            self.awaiting.push(slot);
        }
    }

    /// Returns whether any group has work when the current flush ends.
    pub(super) fn awaits_any_flush(&self) -> bool {
        self.awaiting_count > 0
    }
}
