//! When which group has something to do.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// Times at which groups want to be looked at, soonest first.
///
/// A group's deadline moves on with every heartbeat, and it would be a waste to move its timer along each time. So a
/// timer may be early: whoever it wakes looks at the group's deadline, and sets it anew. It is never late: a group that
/// has an earlier deadline than its timer gets another one, and the older one is passed over.
#[derive(Debug)]
pub(super) struct Timers<K> {
    heap: BinaryHeap<Reverse<(Duration, K)>>,
}

impl<K: Ord> Default for Timers<K> {
    fn default() -> Timers<K> {
        Timers { heap: BinaryHeap::new() }
    }
}

/// The timer of one group that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timer(Duration);

impl Default for Timer {
    fn default() -> Timer {
        Timer(Duration::MAX)
    }
}

impl<K: Copy + Ord> Timers<K> {
    /// The group wants to be looked at by `deadline`; its timer may go off before.
    pub(super) fn set(&mut self, group: K, timer: &mut Timer, deadline: Duration) {
        if deadline < timer.0 {
            timer.0 = deadline;
            self.heap.push(Reverse((deadline, group)));
        }
        assert!(timer.0 <= deadline, "the timer of {:?} is late for {deadline:?}", timer.0);
    }

    /// The soonest timer.
    pub(super) fn first(&self) -> Option<(Duration, K)> {
        self.heap.peek().map(|Reverse(first)| *first)
    }

    /// Takes the soonest timer away; `timer` is its group's. Whether it was the one that counts.
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
