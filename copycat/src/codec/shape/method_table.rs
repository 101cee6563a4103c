//! Finds methods by their ids.

use crate::codec::ids::MethodId;
use std::sync::Arc;

/// A hash table from ids to the positions of methods, in which an id is its own hash. Every member looks up every
/// command here. A lookup takes a step or two, however many methods there are.
#[derive(Clone, Debug)]
pub(crate) struct MethodTable {
    /// Ids with their positions. The length is a power of two, and at least half of the slots are free. A free slot has
    /// the id 0.
    slots: Arc<[(MethodId, usize)]>,
}

impl MethodTable {
    /// Creates the table of methods with these ids, which are distinct and not 0.
    pub(crate) fn of(ids: impl ExactSizeIterator<Item = MethodId>) -> MethodTable {
        let mut slots = vec![(MethodId(0), 0); (2 * ids.len() + 1).next_power_of_two()];
        for (at, id) in ids.enumerate() {
            assert!(id.0 != 0, "ids were checked before");
            let free = MethodTable::probe(id, slots.len()).find(|slot| slots[*slot].0.0 == 0);
            slots[free.expect("more slots than methods")] = (id, at);
        }
        MethodTable { slots: slots.into() }
    }

    /// Returns the position of the method with this id, if there is one.
    pub(crate) fn position(&self, id: MethodId) -> Option<usize> {
        for slot in MethodTable::probe(id, self.slots.len()) {
            match self.slots[slot] {
                (MethodId(0), _) => break,
                (found, at) if found == id => return Some(at),
                _ => {}
            }
        }
        None
    }

    /// Returns the slots where an id may be, in the order to try. The lowest bits of the id select the first one.
    fn probe(id: MethodId, slots: usize) -> impl Iterator<Item = usize> {
        let first = id.0 as usize;
        (0..slots).map(move |step| (first + step) & (slots - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_meet_are_told_apart() {
        // All of these begin at the same slot.
        let ids = (1..=22).map(|at| MethodId(at << 16)).collect::<Vec<_>>();
        let table = MethodTable::of(ids.iter().copied());
        for (at, id) in ids.iter().enumerate() {
            assert_eq!(table.position(*id), Some(at));
        }
        for id in [0, 1, 23 << 16, u32::MAX] {
            assert_eq!(table.position(MethodId(id)), None);
        }
    }
}
