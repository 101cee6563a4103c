//! Checksums of the entries at the ends of what a leader appended last: the next append names the one before its first
//! entry, so that a follower whose log differs there finds out.

use crate::codec::entries::Entries;
use crate::codec::terms::LogId;

/// Of the last two batches. A term and an index name one entry for ever, so that what is kept here is never wrong.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TailChecksums {
    newest: (LogId, u32),
    before: (LogId, u32),
}

impl TailChecksums {
    /// Takes note of entries that were appended.
    pub(super) fn note(&mut self, entries: &Entries) {
        if let (Some(last), Some([_, _, _, _, checksum @ ..])) =
            (entries.spans().last(), entries.prefixes().last())
        {
            let (newest, _) = self.newest;
            assert!(newest < last, "a leader appended {last:?} behind {newest:?}");
            self.before = std::mem::replace(&mut self.newest, (last, u32::from_le_bytes(*checksum)));
        }
    }

    /// The checksum of an entry's frame; 0: not known.
    pub(super) fn checksum(&self, entry: LogId) -> u32 {
        let known = [self.newest, self.before].into_iter().find(|(known, _)| *known == entry);
        known.map_or(0, |(_, checksum)| checksum)
    }
}
