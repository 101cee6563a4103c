//! Decides which partition a key belongs to.

/// Spreads keys by a hash of their encoded bytes. The hash is part of the format and never changes.
#[derive(Clone, Copy, Debug, Default)]
pub struct HashPartitioner;

impl HashPartitioner {
    /// Returns the partition of an encoded key, out of `partitions` (at least 1): XXH3-64 with seed 0, modulo.
    #[must_use]
    pub fn partition(key: &[u8], partitions: usize) -> usize {
        assert!(partitions > 0, "a resource has at least one partition");
        // The remainder is below `partitions`, so it fits.
        (xxhash_rust::xxh3::xxh3_64(key) % partitions as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::HashPartitioner;
    use crate::codec::payload;

    /// Values that were computed once and must never change: a change of any of them loses users' keys.
    #[test]
    fn keys_stay_where_they_are() {
        fn places<T: serde::Serialize + ?Sized>(key: &T) -> [usize; 4] {
            let mut bytes = Vec::new();
            payload::append(key, &mut bytes).unwrap();
            [2, 3, 16, 1000].map(|partitions| HashPartitioner::partition(&bytes, partitions))
        }
        // 0x2d06800538d394c2, the published hash of the empty input.
        assert_eq!(places(&()), [0, 1, 2, 138]);
        assert_eq!(places("ada"), [0, 1, 12, 164]);
        assert_eq!(places(&7u64), [1, 1, 15, 431]);
        assert_eq!(places(&("ada", 300u16)), [1, 1, 13, 221]);
        assert_eq!(places(&[255u8; 300][..]), [1, 0, 15, 439]);
        assert_eq!(HashPartitioner::partition(b"whatever", 1), 0);
    }

    #[test]
    fn keys_are_spread_evenly() {
        let mut counts = [0u32; 16];
        for key in 0u32..16_000 {
            counts[HashPartitioner::partition(&key.to_le_bytes(), 16)] += 1;
        }
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
    }
}
