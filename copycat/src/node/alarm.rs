//! An alarm that wakes a loop at a time of the node's clock.

use std::pin::Pin;
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};

/// Upper bound for one sleep. The clock of the runtime stops while the machine is suspended; the node's clock does not.
const LONGEST: Duration = Duration::from_secs(1);

/// One alarm, which is set again after it has rung.
#[derive(Debug)]
pub(super) struct Alarm {
    at: Duration,
    sleep: Pin<Box<Sleep>>,
}

impl Alarm {
    /// Creates an alarm that is due at once.
    pub(super) fn new() -> Alarm {
        Alarm { at: Duration::ZERO, sleep: Box::pin(sleep(Duration::ZERO)) }
    }

    /// Sets the alarm to `at`. Costs almost nothing if that is its present time.
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
