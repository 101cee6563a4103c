//! The cluster clock that entries are stamped with.

use std::time::Duration;

/// Time as the log tells it: what the last entry said, plus the monotonic time that has passed here
/// since. It never falls and never looks at a wall clock, so a leader whose wall clock is an hour off
/// expires nothing early.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ClusterClock {
    logged: Duration,
    seen_at: Duration,
}

impl ClusterClock {
    /// Takes note of an entry's stamp, in microseconds, seen at local time `now`.
    pub(crate) fn observe(&mut self, stamp: u64, now: Duration) {
        let stamp = Duration::from_micros(stamp);
        if stamp >= self.read(now) {
            *self = ClusterClock { logged: stamp, seen_at: now };
        }
    }

    /// The stamp, in microseconds, of an entry made at local time `now`.
    pub(crate) fn stamp(&self, now: Duration) -> u64 {
        u64::try_from(self.read(now).as_micros()).unwrap_or(u64::MAX)
    }

    fn read(&self, now: Duration) -> Duration {
        self.logged.saturating_add(now.saturating_sub(self.seen_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on_from_the_last_entry_and_never_falls() {
        let mut clock = ClusterClock::default();
        clock.observe(5_000_000, Duration::from_secs(100));
        assert_eq!(clock.stamp(Duration::from_secs(101)), 6_000_000);
        clock.observe(1, Duration::from_secs(102));
        assert_eq!(clock.stamp(Duration::from_secs(102)), 7_000_000);
        assert_eq!(clock.stamp(Duration::from_secs(1)), 5_000_000, "a local clock that fell back");
    }
}
