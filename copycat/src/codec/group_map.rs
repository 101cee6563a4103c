//! Maps by group, for what is looked up several times for each write.

use super::ids::GroupId;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map by group. Its order means nothing, but it is the same in each run of a simulation: nothing in it is random.
pub(crate) type GroupMap<V> = HashMap<GroupId, V, BuildHasherDefault<GroupHasher>>;

/// The hash function of a [`GroupMap`]. A group's id is made of a hash of its name, and only groups of this program's
/// resources and of its journal are inserted. So nobody can choose ids that collide, and one multiplication spreads
/// also the small ids of tests.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct GroupHasher(u64);

impl Hasher for GroupHasher {
    fn finish(&self) -> u64 {
        // The map takes the lowest bits. A product spreads best into its highest ones.
        self.0.rotate_left(26)
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("a group's id is one number");
    }

    fn write_u64(&mut self, id: u64) {
        // 2^64 divided by the golden ratio (Knuth, "The Art of Computer Programming", volume 3, section 6.4).
        self.0 = (self.0 ^ id).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inserted_is_found_in_an_order_that_does_not_change() {
        let filled = || (0..1_000).map(|id| (GroupId(id << 20), id)).collect::<GroupMap<u64>>();
        let map = filled();
        assert!((0..1_000).all(|id| map.get(&GroupId(id << 20)) == Some(&id)));
        assert!(map.iter().eq(filled().iter()));
        assert_eq!(map.get(&GroupId(1)), None);
    }
}
