//! The groups of a shard, and which of them have something to do.

use super::bounds::Bounds;
use super::budget::Budget;
use super::group::Group;
use super::io::Io;
use super::timers::Timers;
use crate::codec::ids::GroupId;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Timers that go off within this time are looked at before the shard is left alone until the first of them: most turn
/// out to be early, and would wake it for nothing.
const LOOK_AHEAD: Duration = Duration::from_millis(50);

/// All groups. A turn looks at those that are ready, and at no others.
#[derive(Debug)]
pub(super) struct Groups {
    all: BTreeMap<GroupId, Group>,
    /// Those that something has happened to in this turn.
    ready: Vec<GroupId>,
    /// Those that have something to do when the write under way has ended.
    awaiting: BTreeSet<GroupId>,
    timers: Timers,
    budget: Budget,
}

impl Groups {
    pub(super) fn new(bounds: &Bounds) -> Groups {
        Groups {
            all: BTreeMap::new(),
            ready: Vec::new(),
            awaiting: BTreeSet::new(),
            timers: Timers::default(),
            budget: Budget::new(bounds),
        }
    }

    pub(super) fn get(&self, id: GroupId) -> Option<&Group> {
        self.all.get(&id)
    }

    /// A group that something happens to: this turn settles it.
    pub(super) fn touch(&mut self, id: GroupId) -> Option<&mut Group> {
        let group = self.all.get_mut(&id)?;
        if !std::mem::replace(&mut group.ready, true) {
            self.ready.push(id);
        }
        Some(group)
    }

    /// A group that lives here, to be changed without more following from it.
    pub(super) fn get_mut(&mut self, id: GroupId) -> Option<&mut Group> {
        self.all.get_mut(&id)
    }

    /// A group begins to live here.
    pub(super) fn insert(&mut self, id: GroupId, group: Group) {
        let before = self.all.insert(id, group);
        assert!(before.is_none(), "a group lives once");
        self.touch(id);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Group> {
        self.all.values()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Group> {
        self.all.values_mut()
    }

    /// Whether there is room for one more request to the group, while `forwarded` are under way to other members. Before
    /// it says no, it counts again what all groups use.
    pub(super) fn admits(&mut self, id: GroupId, forwarded: usize) -> bool {
        let Groups { all, budget, .. } = self;
        let own = |all: &mut BTreeMap<GroupId, Group>, budget: &mut Budget| {
            let group = all.get_mut(&id).expect("a group that is asked");
            let own = group.usage();
            budget.recount(&mut group.counted, own);
            own
        };
        let before = own(all, budget);
        if budget.admits(before, forwarded) {
            return true;
        }
        for group in all.values_mut() {
            let usage = group.usage();
            budget.recount(&mut group.counted, usage);
        }
        let counted = own(all, budget);
        budget.admits(counted, forwarded)
    }

    /// The next group whose timer has gone off. It may turn out to be early.
    pub(super) fn next_due(&mut self, now: Duration) -> Option<GroupId> {
        while let Some((time, id)) = self.timers.first()
            && time <= now
        {
            let timer = self.all.get_mut(&id).map(|group| &mut group.timer);
            if self.timers.take_first(timer) {
                return Some(id);
            }
        }
        None
    }

    /// When the next group has something to do.
    pub(super) fn deadline(&mut self, now: Duration, io: &Io) -> Option<Duration> {
        while let Some((time, id)) = self.timers.first()
            && time <= now + LOOK_AHEAD
        {
            let Some(group) = self.all.get_mut(&id) else {
                self.timers.take_first(None);
                continue;
            };
            let deadline = group.deadline(now, io);
            if deadline <= time {
                break;
            }
            if self.timers.take_first(Some(&mut group.timer)) {
                self.timers.set(id, &mut group.timer, deadline);
            }
        }
        self.timers.first().map(|(time, _)| time)
    }

    /// Touches those that wait for the disk or for a connection, as far as they are wanted.
    pub(super) fn touch_waiting(&mut self, wanted: impl Fn(&Group) -> bool) {
        let waiting: Vec<GroupId> = self.awaiting.iter().copied().collect();
        for id in waiting {
            if self.get(id).is_some_and(&wanted) {
                self.touch(id);
            }
        }
    }

    /// Takes the groups that are ready; they are to be [noted](Self::note) when they are settled.
    pub(super) fn take_ready(&mut self) -> Vec<GroupId> {
        std::mem::take(&mut self.ready)
    }

    /// The group is settled: it is looked at again when it has something to do. What it needs of the budget was counted
    /// when it was asked.
    pub(super) fn note(&mut self, now: Duration, id: GroupId, io: &Io) {
        let group = self.all.get_mut(&id).expect("groups that are settled live");
        group.ready = false;
        let deadline = group.deadline(now, io);
        self.timers.set(id, &mut group.timer, deadline);
        self.await_flush(id);
    }

    /// Remembers whether the group has something to do when the write under way has ended.
    pub(super) fn await_flush(&mut self, id: GroupId) {
        if self.get(id).is_some_and(Group::awaits_flush) {
            self.awaiting.insert(id);
        } else {
            self.awaiting.remove(&id);
        }
    }

    /// Whether any group has something to do when the write under way has ended.
    pub(super) fn await_any_flush(&self) -> bool {
        !self.awaiting.is_empty()
    }
}
