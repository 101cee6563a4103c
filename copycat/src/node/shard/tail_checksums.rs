//! Checksums of the newest entries that a leader appended. An append carries the checksum of the entry before its first
//! one, so that a follower can detect that its own log differs there. No follower compares it yet.

use crate::codec::entries::Entries;
use crate::codec::terms::LogId;

/// The checksums of the last entries of the two newest batches. A term and an index identify one entry permanently, so
/// a checksum that is kept here never becomes wrong.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TailChecksums {
    newest: (LogId, u32),
    before: (LogId, u32),
}

impl TailChecksums {
    /// Records the checksum of the last of the appended entries.
    pub(super) fn note(&mut self, entries: &Entries) {
        if let (Some(last), Some([_, _, _, _, checksum @ ..])) =
            (entries.spans().last(), entries.prefixes().last())
        {
            let (newest, _) = self.newest;
            assert!(newest < last, "a leader appended {last:?} behind {newest:?}");
            self.before = std::mem::replace(&mut self.newest, (last, u32::from_le_bytes(*checksum)));
        }
    }

    /// Returns the checksum of an entry's frame; 0: not known.
    pub(super) fn checksum(&self, entry: LogId) -> u32 {
        let known = [self.newest, self.before].into_iter().find(|(known, _)| *known == entry);
        known.map_or(0, |(_, checksum)| checksum)
    }
}
