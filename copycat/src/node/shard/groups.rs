//! The groups of a shard, and which of them have something to do.

use super::bounds::Bounds;
use super::budget::{Budget, Usage};
use super::group::Group;
use super::io::Io;
use super::timers::{Timer, Timers};
use crate::codec::ids::GroupId;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
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
    slots: Vec<Scheduled>,
    index: BTreeMap<GroupId, Slot>,
    /// Those that something has happened to in this turn.
    ready: VecDeque<Slot>,
    /// Those that have something to do when the write under way has ended.
    awaiting: BTreeSet<Slot>,
    timers: Timers<Slot>,
    budget: Budget,
    /// Whether what all groups use was counted in this turn: a turn may refuse thousands of requests.
    all_counted: bool,
}

/// A group, and in which of the lists it stands.
#[derive(Debug)]
struct Scheduled {
    group: Group,
    ready: bool,
    awaiting: bool,
    timer: Timer,
    /// What the budget counts for it.
    counted: Usage,
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
            all_counted: false,
        }
    }

    /// Where a group is, if it lives here.
    pub(super) fn find(&self, id: GroupId) -> Option<Slot> {
        self.index.get(&id).copied()
    }

    pub(super) fn get(&self, slot: Slot) -> &Group {
        &self.slots[slot.0 as usize].group
    }

    /// A group that is changed without more following from it.
    pub(super) fn get_mut(&mut self, slot: Slot) -> &mut Group {
        &mut self.scheduled(slot).group
    }

    fn scheduled(&mut self, slot: Slot) -> &mut Scheduled {
        &mut self.slots[slot.0 as usize]
    }

    /// A group that something happens to: this turn settles it.
    pub(super) fn touch(&mut self, slot: Slot) -> &mut Group {
        let scheduled = &mut self.slots[slot.0 as usize];
        if !std::mem::replace(&mut scheduled.ready, true) {
            self.ready.push_back(slot);
        }
        assert!(self.ready.len() <= self.slots.len(), "a group is ready twice");
        &mut self.slots[slot.0 as usize].group
    }

    /// A group begins to live here.
    pub(super) fn insert(&mut self, id: GroupId, group: Group) -> Slot {
        let slot = Slot(u32::try_from(self.slots.len()).expect("fewer groups than memory has bytes"));
        let before = self.index.insert(id, slot);
        assert!(before.is_none(), "a group lives once");
        let (timer, counted) = (Timer::default(), Usage::default());
        self.slots.push(Scheduled { group, ready: false, awaiting: false, timer, counted });
        assert_eq!(self.index.len(), self.slots.len(), "each group has a slot, and each slot a group");
        self.touch(slot);
        slot
    }

    /// All of them, in the order of their ids.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Group> {
        self.index.values().map(|slot| self.get(*slot))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Group> {
        self.slots.iter_mut().map(|scheduled| &mut scheduled.group)
    }

    /// Makes room for one more request to the group, with so many bytes of arguments, while `forwarded` are under way to
    /// other members. Before it says no for the first time in a turn, it counts again what all groups use.
    pub(super) fn admit(&mut self, slot: Slot, bytes: usize, forwarded: usize) -> bool {
        let own = self.count(slot);
        if !self.budget.admits(own, forwarded) && !self.all_counted {
            for other in 0..self.slots.len() as u32 {
                self.count(Slot(other));
            }
            self.all_counted = true;
        }
        let admitted = self.budget.admits(own, forwarded);
        if admitted {
            let with_it = Usage { requests: own.requests + 1, bytes: own.bytes + bytes as u64 };
            self.budget.recount(&mut self.slots[slot.0 as usize].counted, with_it);
        }
        admitted
    }

    fn count(&mut self, slot: Slot) -> Usage {
        let Scheduled { group, counted, .. } = &mut self.slots[slot.0 as usize];
        self.budget.recount(counted, group.usage());
        *counted
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
            let Scheduled { group, timer, .. } = &mut self.slots[slot.0 as usize];
            let deadline = group.deadline(now, io);
            if deadline <= time {
                break;
            }
            if self.timers.take_first(timer) {
                self.timers.set(slot, timer, deadline);
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

    /// The next group that is ready; it is to be [noted](Self::note) when it is settled. With the last one the turn is
    /// over.
    pub(super) fn next_ready(&mut self) -> Option<Slot> {
        let next = self.ready.pop_front();
        self.all_counted &= next.is_some();
        next
    }

    /// The group is settled: it is looked at again when it has something to do.
    pub(super) fn note(&mut self, now: Duration, slot: Slot, io: &Io) {
        let Scheduled { group, ready, timer, .. } = &mut self.slots[slot.0 as usize];
        assert!(*ready, "a group is settled to which nothing has happened");
        *ready = false;
        self.timers.set(slot, timer, group.deadline(now, io));
        self.await_flush(slot);
    }

    /// Remembers whether the group has something to do when the write under way has ended.
    pub(super) fn await_flush(&mut self, slot: Slot) {
        let Scheduled { group, awaiting, .. } = self.scheduled(slot);
        let awaits = group.awaits_flush();
        if std::mem::replace(awaiting, awaits) == awaits {
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
