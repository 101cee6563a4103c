//! Bounds on the memory that all connections hold together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The bytes of one kind that all connections hold.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    held: Arc<AtomicUsize>,
    max: usize,
}

/// The bytes held by one connection. They are returned when this is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    memory: Memory,
    held: usize,
}

impl Memory {
    /// Creates a bound of `max` bytes.
    pub(crate) fn new(max: usize) -> Memory {
        Memory { held: Arc::default(), max }
    }

    /// Returns the number of bytes held now.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Returns whether the bound is not reached.
    pub(crate) fn has_room(&self) -> bool {
        self.held() < self.max
    }

    /// Creates an empty share.
    pub(crate) fn share(&self) -> Share {
        Share { memory: self.clone(), held: 0 }
    }
}

impl Share {
    /// Returns whether the bound of all connections is not reached.
    pub(crate) fn has_room(&self) -> bool {
        self.memory.has_room()
    }

    /// Sets the number of bytes held. Returns whether that is within the bound.
    pub(crate) fn set(&mut self, held: usize) -> bool {
        if held == self.held {
            return true;
        }
        let total = &self.memory.held;
        let all = if held > self.held {
            total.fetch_add(held - self.held, Ordering::Relaxed) + (held - self.held)
        } else {
            total.fetch_sub(self.held - held, Ordering::Relaxed) - (self.held - held)
        };
        let grew = held > self.held;
        self.held = held;
        !grew || all <= self.memory.max
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_asks_for_more_is_refused() {
        const MAX: usize = 100;
        let memory = Memory::new(MAX);
        let (mut one, mut other) = (memory.share(), memory.share());
        assert!(one.set(MAX) && one.set(MAX));
        assert!(!other.set(2));
        assert!(other.set(1), "less than before");
        assert!(!memory.has_room());
        drop(one);
        assert!(other.set(5));
        assert_eq!(memory.held(), 5);
        drop(other);
        assert_eq!(memory.held(), 0);
    }
}
