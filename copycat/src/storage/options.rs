//! The settings of a journal.

use super::owner::Owner;
use super::position::{BLOCK, align_up};

/// Length of the shortest segment: 64 KiB.
pub(crate) const SEGMENT_LEN_MIN: u64 = 64 << 10;
/// Length of the longest segment: 1 GiB, so that offsets and lengths within a segment fit 32 bits.
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
pub(crate) struct JournalOptions {
    /// The member and shard that own the journal.
    pub owner: Owner,
    /// Bytes of a new segment, rounded up to whole blocks and limited to 64 KiB to 1 GiB. The first segments of a
    /// journal are shorter, so that a new journal is created quickly: 4 MiB, then twice as long each. A segment is
    /// longer if a checkpoint or an append would not fit otherwise. Default 64 MiB.
    pub segment_len: u64,
    /// Bytes of frames in a batch after which it is closed. A longer append gets a batch of its own. Default 8 MiB;
    /// not below 4 KiB, so that an election fits the reserve of the shortest segment.
    pub batch_max: u64,
    /// Most bytes of frames of flushed batches that stay in memory, unless the newest batch alone has more. Older
    /// entries are read from the disk. Default 16 MiB, two of the longest batches: one is applied and sent while the
    /// next is written.
    pub recent_bytes_max: u64,
    /// Most flushed batches that stay in memory. This bounds their memory besides the frames. Default 1,024.
    pub recent_batches_max: usize,
}

impl JournalOptions {
    /// Returns the default settings.
    pub(crate) fn new(owner: Owner) -> JournalOptions {
        JournalOptions {
            owner,
            segment_len: 64 << 20,
            batch_max: 8 << 20,
            recent_bytes_max: 16 << 20,
            recent_batches_max: 1_024,
        }
    }

    /// Returns the length of segment `number`, if no more bytes are needed.
    pub(super) fn len_of(&self, number: u64) -> u64 {
        let young = FIRST_LEN << number.min(16);
        align_up(self.segment_len.min(young).clamp(SEGMENT_LEN_MIN, SEGMENT_LEN_MAX))
    }
}
