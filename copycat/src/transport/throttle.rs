//! Rate limit for log lines that unauthenticated callers can cause.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Shortest time between two lines.
const PAUSE: Duration = Duration::from_secs(1);

/// Permits one line per second, and counts the others. Any process that can reach the address can cause such
/// lines as fast as it connects.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: Option<Instant>,
    suppressed: u64,
}

impl Throttle {
    /// Returns `Some` if a line may be written now, with the number of lines suppressed since the last one.
    pub(super) fn pass(&self, now: Instant) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.last.is_some_and(|last| now.saturating_duration_since(last) < PAUSE) {
            state.suppressed += 1;
            return None;
        }
        state.last = Some(now);
        Some(std::mem::take(&mut state.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_in_a_second_says_how_many_were_kept_back() {
        let (throttle, start) = (Throttle::default(), Instant::now());
        assert_eq!(throttle.pass(start), Some(0));
        assert_eq!(throttle.pass(start), None);
        assert_eq!(throttle.pass(start + PAUSE - Duration::from_millis(1)), None);
        assert_eq!(throttle.pass(start + PAUSE), Some(2));
        assert_eq!(throttle.pass(start + PAUSE * 3), Some(0));
    }
}
