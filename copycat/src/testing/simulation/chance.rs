//! Draws from the one source of randomness that a run has.

use fastrand::Rng;
use std::ops::Range;
use std::time::Duration;

/// True in so many of a thousand cases.
pub(super) fn chance(random: &mut Rng, per_mille: u32) -> bool {
    per_mille > 0 && random.u32(0..1_000) < per_mille
}

/// A time of a range, in microseconds.
pub(super) fn micros(random: &mut Rng, range: Range<u64>) -> Duration {
    Duration::from_micros(random.u64(range))
}

/// A time of a range, in milliseconds; drawn in microseconds.
pub(super) fn millis(random: &mut Rng, range: Range<u64>) -> Duration {
    micros(random, range.start * 1_000..range.end * 1_000)
}
