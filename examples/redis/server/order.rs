//! The order of one connection's commands, for a command that takes several steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What a connection and its commands know of each other. Only the connection's own task uses it.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// Number of commands that were begun.
    begun: AtomicU64,
    /// A command must end before another may begin.
    held: AtomicBool,
    /// A command needed that when another had begun already. From now on such commands hold the others from the start.
    careful: AtomicBool,
}

/// The place of one command in the order.
#[derive(Debug)]
pub(super) struct Turn {
    order: Arc<Order>,
    number: u64,
    held: Option<Held>,
}

/// While it exists, no other command begins.
#[derive(Debug)]
pub(super) struct Held(Arc<Order>);

impl Order {
    /// Returns the place of a command that begins now. `may_hold` says that it may take several steps.
    pub(super) fn begin(self: &Arc<Order>, may_hold: bool) -> Turn {
        let number = self.begun.fetch_add(1, Ordering::Relaxed) + 1;
        let held = (may_hold && self.careful.load(Ordering::Relaxed)).then(|| self.hold());
        Turn { order: self.clone(), number, held }
    }

    /// Returns whether a command must end before another may begin.
    pub(super) fn is_held(&self) -> bool {
        self.held.load(Ordering::Relaxed)
    }

    fn hold(self: &Arc<Order>) -> Held {
        self.held.store(true, Ordering::Relaxed);
        Held(self.clone())
    }
}

impl Turn {
    /// Lets no other command begin; `None` if one has begun already.
    pub(super) fn hold(self) -> Option<Held> {
        self.order.careful.store(true, Ordering::Relaxed);
        let is_last = self.order.begun.load(Ordering::Relaxed) == self.number;
        self.held.or_else(|| is_last.then(|| self.order.hold()))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.held.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_holds_those_after_it_or_learns_that_it_is_too_late() {
        let order = Arc::<Order>::default();
        let (first, second) = (order.begin(true), order.begin(true));
        assert!(first.hold().is_none() && !order.is_held(), "the second has begun");
        let held = second.hold();
        assert!(held.is_some() && order.is_held());
        drop(held);
        assert!(!order.is_held());
        // Next time, the commands after it wait from the start.
        let (other, third) = (order.begin(false), order.begin(true));
        assert!(order.is_held());
        let held = third.hold();
        assert!(held.is_some() && order.is_held());
        drop((held, other));
        assert!(!order.is_held());
    }
}
