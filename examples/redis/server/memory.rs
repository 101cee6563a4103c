//! Bounds on the memory that all connections hold together.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

/// The bytes of one kind that all connections hold.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    held: Arc<AtomicUsize>,
    max: usize,
    /// Those who wait for room.
    waiting: Arc<Mutex<Vec<Waker>>>,
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
        Memory { held: Arc::default(), max, waiting: Arc::default() }
    }

    /// Returns the number of bytes held now.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Returns whether the bound is not reached.
    pub(crate) fn has_room(&self) -> bool {
        self.held() < self.max
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Waker>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Returns the same, and wakes the task when there is room again.
    pub(crate) fn poll_room(&self, context: &Context<'_>) -> bool {
        let has_room = self.has_room();
        let mut waiting = self.memory.waiting();
        if !has_room && !waiting.iter().any(|waker| waker.will_wake(context.waker())) {
            waiting.push(context.waker().clone());
        }
        has_room
    }

    /// Sets the number of bytes held. Returns whether that is within the bound.
    pub(crate) fn set(&mut self, held: usize) -> bool {
        if held == self.held {
            return true;
        }
        let (before, total) = (std::mem::replace(&mut self.held, held), &self.memory.held);
        if held > before {
            let more = held - before;
            return total.fetch_add(more, Ordering::Relaxed) + more <= self.memory.max;
        }
        let less = before - held;
        let was_full = total.fetch_sub(less, Ordering::Relaxed) >= self.memory.max;
        if was_full && self.has_room() {
            self.memory.waiting().drain(..).for_each(Waker::wake);
        }
        true
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
    use std::sync::atomic::AtomicBool;
    use std::task::Wake;

    #[derive(Default)]
    struct Flag(AtomicBool);

    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    #[test]
    fn who_waits_for_room_is_woken_once_there_is_some() {
        let (memory, flag) = (Memory::new(10), Arc::<Flag>::default());
        let (waker, woken) = (Waker::from(flag.clone()), || flag.0.load(Ordering::Relaxed));
        let context = Context::from_waker(&waker);
        let (mut one, mut other, waiting) = (memory.share(), memory.share(), memory.share());
        assert!(waiting.poll_room(&context));
        one.set(8);
        other.set(4);
        assert!(!waiting.poll_room(&context) && !waiting.poll_room(&context));
        assert_eq!(memory.waiting().len(), 1);
        one.set(6);
        assert!(!woken(), "still full");
        drop(other);
        assert!(woken() && waiting.poll_room(&context));
        assert!(memory.waiting().is_empty());
    }

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
