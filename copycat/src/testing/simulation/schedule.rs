//! Virtual time, and the events in the order of their times.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::time::Duration;

/// Events to come. The time is that of the last event taken out; nothing else moves it.
#[derive(Debug)]
pub(super) struct Schedule<E> {
    now: Duration,
    made: u64,
    waiting: BinaryHeap<Waiting<E>>,
}

/// An event with its time. The order makes the earliest event the heap's greatest; of equal times, the one made
/// first.
#[derive(Debug)]
struct Waiting<E> {
    at: Duration,
    number: u64,
    event: E,
}

impl<E> Waiting<E> {
    fn key(&self) -> (Duration, u64) {
        (self.at, self.number)
    }
}

impl<E> Ord for Waiting<E> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.key().cmp(&self.key())
    }
}

impl<E> PartialOrd for Waiting<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> PartialEq for Waiting<E> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<E> Eq for Waiting<E> {}

impl<E> Schedule<E> {
    /// Creates an empty schedule at time zero.
    pub(super) fn new() -> Schedule<E> {
        Schedule { now: Duration::ZERO, made: 0, waiting: BinaryHeap::new() }
    }

    /// Returns the time of the last event taken out.
    pub(super) fn now(&self) -> Duration {
        self.now
    }

    /// Schedules an event after `delay`.
    pub(super) fn after(&mut self, delay: Duration, event: E) {
        self.at(self.now + delay, event);
    }

    /// Schedules an event at a time, or at once if that time has passed.
    pub(super) fn at(&mut self, at: Duration, event: E) {
        self.made += 1;
        self.waiting.push(Waiting { at: at.max(self.now), number: self.made, event });
    }

    /// Moves time to the next event and takes it out.
    pub(super) fn next(&mut self) -> Option<E> {
        let next = self.waiting.pop()?;
        assert!(next.at >= self.now, "time never goes back");
        self.now = next.at;
        Some(next.event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_moment_and_equal_ones_in_the_order_of_their_making() {
        let mut schedule = Schedule::new();
        for (delay, name) in [(5, "late"), (1, "first"), (1, "second")] {
            schedule.after(Duration::from_millis(delay), name);
        }
        let order: Vec<_> = std::iter::from_fn(|| schedule.next()).collect();
        assert_eq!(order, ["first", "second", "late"]);
        assert_eq!(schedule.now(), Duration::from_millis(5));
    }
}
