//! The clock of one member. It is never set back, but it may run faster or slower than virtual time.

use std::time::Duration;

/// Largest deviation of a clock: a tenth, the drift that leases tolerate.
pub(super) const DRIFT_MAX_PPM: u64 = 100_000;

/// A clock with its own origin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// The reading when the rate was last set, and the virtual time of that moment.
    reads: Duration,
    set_at: Duration,
    /// Parts per million: 1,000,000 is the rate of virtual time.
    rate_ppm: u64,
}

impl Clock {
    /// Creates a clock that reads `reads` at time zero and runs at the rate of virtual time.
    pub(super) fn new(reads: Duration) -> Clock {
        Clock { reads, set_at: Duration::ZERO, rate_ppm: 1_000_000 }
    }

    /// Returns the reading at the virtual time `now`.
    pub(super) fn read(&self, now: Duration) -> Duration {
        let passed = now.saturating_sub(self.set_at).as_nanos() * u128::from(self.rate_ppm) / 1_000_000;
        self.reads + Duration::from_nanos(u64::try_from(passed).unwrap_or(u64::MAX))
    }

    /// Continues at another rate from `now` on.
    pub(super) fn set_rate(&mut self, now: Duration, rate_ppm: u64) {
        assert!(rate_ppm.abs_diff(1_000_000) <= DRIFT_MAX_PPM, "leases bear a tenth, no more");
        *self = Clock { reads: self.read(now), set_at: now, rate_ppm };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_rate_changes_the_pace_and_not_the_time() {
        let mut clock = Clock::new(Duration::from_secs(7));
        let at = Duration::from_secs(10);
        assert_eq!(clock.read(at), Duration::from_secs(17));
        clock.set_rate(at, 900_000);
        assert_eq!(clock.read(at), Duration::from_secs(17));
        assert_eq!(clock.read(at * 2), Duration::from_secs(26));
    }
}
