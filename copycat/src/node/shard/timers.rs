//! The timers of the groups.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// Times at which groups must be checked, earliest first.
///
/// A group's deadline moves with every heartbeat, but its timer is not moved each time. A timer may therefore fire
/// early; the group then sets it again. It never fires late: a group whose deadline is earlier than its timer gets a
/// second timer, and the older one is ignored when it fires.
#[derive(Debug)]
pub(super) struct Timers<K> {
    heap: BinaryHeap<Reverse<(Duration, K)>>,
}

impl<K: Ord> Default for Timers<K> {
    fn default() -> Timers<K> {
        Timers { heap: BinaryHeap::new() }
    }
}

/// The time of a group's effective timer; `Duration::MAX` if it has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timer(Duration);

impl Default for Timer {
    fn default() -> Timer {
        Timer(Duration::MAX)
    }
}

impl Timer {
    /// Returns whether the effective timer expires at this time.
    pub(super) fn is_at(self, time: Duration) -> bool {
        self.0 == time
    }
}

impl<K: Copy + Ord> Timers<K> {
    /// Ensures that the group is checked at `deadline` or before.
    pub(super) fn set(&mut self, group: K, timer: &mut Timer, deadline: Duration) {
        if deadline < timer.0 {
            timer.0 = deadline;
            self.heap.push(Reverse((deadline, group)));
        }
        assert!(timer.0 <= deadline, "the timer of {:?} is late for {deadline:?}", timer.0);
    }

    /// Returns the earliest timer.
    pub(super) fn first(&self) -> Option<(Duration, K)> {
        self.heap.peek().map(|Reverse(first)| *first)
    }

    /// Removes the earliest timer. `timer` is the one of its group. Returns whether the removed timer was the effective
    /// one.
    pub(super) fn take_first(&mut self, timer: &mut Timer) -> bool {
        let Some(Reverse((time, _))) = self.heap.pop() else { return false };
        assert!(time <= timer.0, "a timer of {time:?} is there, and the one of {:?} is gone", timer.0);
        let counts = timer.0 == time;
        if counts {
            *timer = Timer::default();
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_timer_of_a_group_is_the_one_that_counts() {
        let at = Duration::from_millis;
        let (mut timers, mut one, mut two) = (Timers::default(), Timer::default(), Timer::default());
        timers.set(1, &mut one, at(50));
        timers.set(2, &mut two, at(30));
        timers.set(1, &mut one, at(60));
        timers.set(1, &mut one, at(20));
        assert_eq!(timers.first(), Some((at(20), 1)));
        assert!(timers.take_first(&mut one));
        timers.set(1, &mut one, at(70));
        assert_eq!(timers.first(), Some((at(30), 2)));
        assert!(timers.take_first(&mut two));
        assert_eq!(timers.first(), Some((at(50), 1)));
        assert!(!timers.take_first(&mut one), "set before an earlier one was");
        assert!(timers.take_first(&mut one));
        assert_eq!(timers.first(), None);
    }
}
