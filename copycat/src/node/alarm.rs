//! Wakes a loop at a time of the node's clock.

use std::pin::Pin;
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};

/// Longest time that a loop is left alone: the clock of the runtime stands still while the machine sleeps, the node's
/// does not.
const LONGEST: Duration = Duration::from_secs(1);

/// One alarm, set anew after it has rung.
#[derive(Debug)]
pub(super) struct Alarm {
    at: Duration,
    sleep: Pin<Box<Sleep>>,
}

impl Alarm {
    /// Due at once.
    pub(super) fn new() -> Alarm {
        Alarm { at: Duration::ZERO, sleep: Box::pin(sleep(Duration::ZERO)) }
    }

    /// Whether the time has come, whether it has rung or not.
    pub(super) fn is_due(&self, now: Duration) -> bool {
        now >= self.at
    }

    /// It shall ring at `at`. Costs next to nothing where that is when it would have rung anyway.
    pub(super) fn set(&mut self, now: Duration, at: Duration) {
        let at = at.min(now + LONGEST);
        if at != self.at || self.sleep.is_elapsed() {
            self.at = at;
            self.sleep.as_mut().reset(Instant::now() + at.saturating_sub(now));
        }
    }

    /// Waits until it rings.
    pub(super) async fn rings(&mut self) {
        self.sleep.as_mut().await;
    }
}
