//! Durations that builders take, and their bounds.

use crate::error::ConfigError;
use std::time::Duration;

/// The bounds of the request timeout.
pub(super) const REQUEST_TIMEOUT: (Duration, Duration) =
    (Duration::from_millis(10), Duration::from_secs(600));

/// Returns the error if the duration that a builder's method was given is outside of its bounds.
pub(super) fn outside(
    method: &'static str,
    found: Duration,
    (least, most): (Duration, Duration),
) -> Option<ConfigError> {
    (found < least || found > most).then(|| ConfigError::Duration {
        method,
        found_ms: milliseconds(found),
        least_ms: milliseconds(least),
        most_ms: milliseconds(most),
    })
}

/// Returns a duration in whole milliseconds, at most `u64::MAX`.
pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
