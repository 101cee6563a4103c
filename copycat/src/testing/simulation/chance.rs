//! Draws from the only source of randomness of a run.

use fastrand::Rng;
use std::ops::Range;
use std::time::Duration;

/// Returns true in `per_mille` of a thousand cases.
pub(super) fn chance(random: &mut Rng, per_mille: u32) -> bool {
    per_mille > 0 && random.u32(0..1_000) < per_mille
}

/// Draws a duration from a range in microseconds.
pub(super) fn micros(random: &mut Rng, range: Range<u64>) -> Duration {
    Duration::from_micros(random.u64(range))
}

/// Draws a duration from a range in milliseconds, with a resolution of microseconds.
pub(super) fn millis(random: &mut Rng, range: Range<u64>) -> Duration {
    micros(random, range.start * 1_000..range.end * 1_000)
}
