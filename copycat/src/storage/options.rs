//! How a journal is kept.

use super::owner::Owner;
use super::position::{BLOCK, align_up};

/// Shortest segment: 64 KiB.
pub(crate) const SEGMENT_LEN_MIN: u64 = 64 << 10;
/// Longest segment: 1 GiB, so that offsets and lengths within one fit 32 bits.
pub(crate) const SEGMENT_LEN_MAX: u64 = 1 << 30;

const _: () = assert!(
    SEGMENT_LEN_MIN.is_multiple_of(BLOCK) && SEGMENT_LEN_MAX.is_multiple_of(BLOCK),
    "a length that is rounded up to whole blocks keeps within the bounds"
);
const _: () = assert!(SEGMENT_LEN_MAX <= u32::MAX as u64, "offsets within a segment fit 32 bits");

/// Most bytes of the very first segment: 4 MiB.
const FIRST_LEN: u64 = 4 << 20;

/// The settings of a journal.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Whose journal it is.
    pub owner: Owner,
    /// Bytes of a new segment, rounded up to whole blocks and kept within 64 KiB and 1 GiB. The first ones
    /// are shorter: 4 MiB, and twice as long each, so that a young journal is quickly made. A segment
    /// is made longer if a checkpoint or an append would not fit otherwise. Default 64 MiB.
    pub segment_len: u64,
    /// Bytes of frames after which a batch takes no more; a longer append is a batch of its own.
    /// Default 8 MiB; not below 4 KiB, so that an election fits the reserve of the shortest segment.
    pub batch_max: u64,
    /// Most bytes of frames of flushed batches that stay in memory, unless the newest batch alone has more. Older entries
    /// are read from the disk. Default 16 MiB, two of the longest batches: while one is applied and sent, the next is
    /// being written.
    pub recent_bytes_max: u64,
    /// Most flushed batches that stay in memory. This bounds what batches cost beside their frames. Default 1,024.
    pub recent_batches_max: usize,
}

impl Options {
    /// The defaults.
    pub(crate) fn new(owner: Owner) -> Options {
        Options {
            owner,
            segment_len: 64 << 20,
            batch_max: 8 << 20,
            recent_bytes_max: 16 << 20,
            recent_batches_max: 1_024,
        }
    }

    /// Bytes of segment `number`, unless more are needed.
    pub(super) fn len_of(&self, number: u64) -> u64 {
        let young = FIRST_LEN << number.min(16);
        align_up(self.segment_len.min(young).clamp(SEGMENT_LEN_MIN, SEGMENT_LEN_MAX))
    }
}
