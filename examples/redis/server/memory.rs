//! A bound on the memory that all connections hold together.

use super::limits::MEMORY_MAX;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The bytes held by all connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory(Arc<AtomicUsize>);

/// The bytes held by one connection. They are returned when this is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    memory: Memory,
    held: usize,
}

impl Memory {
    /// Returns the number of bytes held now.
    pub(crate) fn held(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Creates an empty share.
    pub(crate) fn share(&self) -> Share {
        Share { memory: self.clone(), held: 0 }
    }
}

impl Share {
    /// Sets the number of bytes held. Returns whether that is within the bound.
    pub(crate) fn set(&mut self, held: usize) -> bool {
        if held == self.held {
            return true;
        }
        let total = &self.memory.0;
        let all = if held > self.held {
            total.fetch_add(held - self.held, Ordering::Relaxed) + (held - self.held)
        } else {
            total.fetch_sub(self.held - held, Ordering::Relaxed) - (self.held - held)
        };
        let grew = held > self.held;
        self.held = held;
        !grew || all <= MEMORY_MAX
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
        let memory = Memory::default();
        let (mut one, mut other) = (memory.share(), memory.share());
        assert!(one.set(MEMORY_MAX) && one.set(MEMORY_MAX));
        assert!(!other.set(2));
        assert!(other.set(1), "less than before");
        drop(one);
        assert!(other.set(5));
        assert_eq!(memory.held(), 5);
        drop(other);
        assert_eq!(memory.held(), 0);
    }
}
