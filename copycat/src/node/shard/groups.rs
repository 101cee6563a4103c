//! The groups of a shard, and which of them have something to do.

use super::bounds::Bounds;
use super::budget::{Budget, Usage};
use super::group::Group;
use super::io::Io;
use super::timers::Timers;
use crate::codec::ids::GroupId;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Timers that go off within this time are looked at before the shard is left alone until the first of them: most turn
/// out to be early, and would wake it for nothing.
const LOOK_AHEAD: Duration = Duration::from_millis(50);

/// Where a group is kept. What happens to many groups in one turn looks each of them up once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot(u32);

/// All groups. A turn looks at those that are ready, and at no others.
#[derive(Debug)]
pub(super) struct Groups {
    slots: Vec<Group>,
    index: BTreeMap<GroupId, Slot>,
    /// Those that something has happened to in this turn.
    ready: Vec<Slot>,
    /// Those that have something to do when the write under way has ended.
    awaiting: BTreeSet<Slot>,
    timers: Timers<Slot>,
    budget: Budget,
}

impl Groups {
    pub(super) fn new(bounds: &Bounds) -> Groups {
        Groups {
            slots: Vec::new(),
            index: BTreeMap::new(),
            ready: Vec::new(),
            awaiting: BTreeSet::new(),
            timers: Timers::default(),
            budget: Budget::new(bounds),
        }
    }

    /// Where a group is, if it lives here.
    pub(super) fn find(&self, id: GroupId) -> Option<Slot> {
        self.index.get(&id).copied()
    }

    pub(super) fn get(&self, slot: Slot) -> &Group {
        &self.slots[slot.0 as usize]
    }

    /// A group that is changed without more following from it.
    pub(super) fn get_mut(&mut self, slot: Slot) -> &mut Group {
        &mut self.slots[slot.0 as usize]
    }

    /// A group that something happens to: this turn settles it.
    pub(super) fn touch(&mut self, slot: Slot) -> &mut Group {
        let group = &mut self.slots[slot.0 as usize];
        if !std::mem::replace(&mut group.ready, true) {
            self.ready.push(slot);
        }
        group
    }

    /// A group begins to live here.
    pub(super) fn insert(&mut self, id: GroupId, group: Group) -> Slot {
        let slot = Slot(u32::try_from(self.slots.len()).expect("fewer groups than memory has bytes"));
        let before = self.index.insert(id, slot);
        assert!(before.is_none(), "a group lives once");
        self.slots.push(group);
        self.touch(slot);
        slot
    }

    /// All of them, in the order of their ids.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Group> {
        self.index.values().map(|slot| self.get(*slot))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Group> {
        self.slots.iter_mut()
    }

    /// Whether there is room for one more request to the group, while `forwarded` are under way to other members. Before
    /// it says no, it counts again what all groups use.
    pub(super) fn admits(&mut self, slot: Slot, forwarded: usize) -> bool {
        let own = self.count(slot);
        if self.budget.admits(own, forwarded) {
            return true;
        }
        (0..self.slots.len() as u32).map(Slot).for_each(|other| {
            self.count(other);
        });
        self.budget.admits(self.get(slot).counted, forwarded)
    }

    fn count(&mut self, slot: Slot) -> Usage {
        let group = &mut self.slots[slot.0 as usize];
        let usage = group.usage();
        self.budget.recount(&mut group.counted, usage);
        usage
    }

    /// The next group whose timer has gone off. It may turn out to be early.
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

    /// When the next group has something to do.
    pub(super) fn deadline(&mut self, now: Duration, io: &Io) -> Option<Duration> {
        while let Some((time, slot)) = self.timers.first()
            && time <= now + LOOK_AHEAD
        {
            let group = &mut self.slots[slot.0 as usize];
            let deadline = group.deadline(now, io);
            if deadline <= time {
                break;
            }
            if self.timers.take_first(&mut group.timer) {
                self.timers.set(slot, &mut group.timer, deadline);
            }
        }
        self.timers.first().map(|(time, _)| time)
    }

    /// Touches those that wait for the disk or for a connection, as far as they are wanted.
    pub(super) fn touch_waiting(&mut self, wanted: impl Fn(&Group) -> bool) {
        let waiting = self.awaiting.iter().copied();
        let waiting: Vec<Slot> = waiting.filter(|slot| wanted(self.get(*slot))).collect();
        waiting.into_iter().for_each(|slot| {
            self.touch(slot);
        });
    }

    /// Takes the groups that are ready; they are to be [noted](Self::note) when they are settled.
    pub(super) fn take_ready(&mut self) -> Vec<Slot> {
        std::mem::take(&mut self.ready)
    }

    /// The group is settled: it is looked at again when it has something to do.
    pub(super) fn note(&mut self, now: Duration, slot: Slot, io: &Io) {
        let group = &mut self.slots[slot.0 as usize];
        group.ready = false;
        let deadline = group.deadline(now, io);
        self.timers.set(slot, &mut group.timer, deadline);
        self.await_flush(slot);
    }

    /// Remembers whether the group has something to do when the write under way has ended.
    pub(super) fn await_flush(&mut self, slot: Slot) {
        let group = &mut self.slots[slot.0 as usize];
        let awaits = group.awaits_flush();
        if std::mem::replace(&mut group.awaiting, awaits) == awaits {
            return;
        }
        let changed = if awaits { self.awaiting.insert(slot) } else { self.awaiting.remove(&slot) };
        assert!(changed, "the group and the list of those that wait agree");
    }

    /// Whether any group has something to do when the write under way has ended.
    pub(super) fn awaits_any_flush(&self) -> bool {
        !self.awaiting.is_empty()
    }
}
