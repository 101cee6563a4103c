//! The two clocks of a node: that of the machine, which never goes back, and that of the cluster, which is in the log.

use std::time::Duration;

/// Returns the time since the machine started. This clock continues while the machine is suspended, and is never set.
pub(crate) fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The cluster time: the time of the last entry, plus the monotonic time that has passed here since that entry was
/// seen. It begins at 0 with the group's first entry and never goes back. It uses neither a wall clock nor the uptime
/// of this machine, so a leader whose clock is an hour off expires nothing early.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ClusterClock {
    /// The newest entry's time in microseconds, and the local time when it was seen.
    newest: Option<(u64, Duration)>,
}

impl ClusterClock {
    /// Records an entry's time, in microseconds, seen at local time `now`.
    pub(crate) fn observe(&mut self, time: u64, now: Duration) {
        if self.newest.is_none_or(|(newest, _)| time >= newest) {
            self.newest = Some((time, now));
        }
    }

    /// Returns the time, in microseconds, for an entry made at local time `now`.
    pub(crate) fn timestamp(&self, now: Duration) -> u64 {
        let Some((newest, seen_at)) = self.newest else { return 0 };
        let since = now.saturating_sub(seen_at).as_micros();
        newest.saturating_add(u64::try_from(since).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on_from_the_last_entry_and_never_falls() {
        let mut clock = ClusterClock::default();
        assert_eq!(clock.timestamp(Duration::from_secs(77)), 0, "however long the machine has been up");
        clock.observe(5_000_000, Duration::from_secs(100));
        assert_eq!(clock.timestamp(Duration::from_secs(101)), 6_000_000);
        clock.observe(1, Duration::from_secs(102));
        assert_eq!(clock.timestamp(Duration::from_secs(102)), 7_000_000, "an old entry sets nothing back");
        assert_eq!(clock.timestamp(Duration::from_secs(1)), 5_000_000, "a local clock that fell back");
    }
}
