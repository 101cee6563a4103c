//! Background jobs of a journal: creating the next segment, and removing segments that are no longer needed.

use super::journal::Journal;
use super::position::BLOCK;
use super::preparer::{Preparation, Prepared};
use super::segment::SegmentHeader;

impl Journal {
    /// Returns the next preparation, or `None` while one is in flight or none is needed. After a failure it returns
    /// only jobs that may free space, until `retry_preparation`.
    pub(crate) fn next_preparation(&mut self) -> Option<Preparation> {
        if self.failed.is_some() || self.preparer.is_idle() {
            return None;
        }
        let next = self.next_segment();
        self.preparer.next(&self.disk, next, &mut self.salts)
    }

    /// Describes the segment after the active one. It has the configured length, or more if the checkpoint would take
    /// a quarter of it.
    fn next_segment(&self) -> SegmentHeader {
        let (number, base) = (self.active().header.number + 1, self.active().end());
        let ready = self.preparer.ready();
        assert!(ready.is_none_or(|ready| ready.header.base == base), "what is ready begins at {base}");
        let len = self.options.len_of(number).max(4 * self.groups.checkpoint_len() + 4 * BLOCK);
        SegmentHeader { number, salt: 0, base, len, owner: self.options.owner, recycled: false }
    }

    /// Handles the result of a preparation. A failure is remembered: entries that need a new segment are refused with
    /// `StorageError::Full` until a later preparation succeeds.
    pub(crate) fn prepared(&mut self, done: Prepared) {
        self.preparer.prepared(done);
    }

    /// Returns whether entries are refused, or soon will be, because a preparation failed.
    pub(crate) fn is_full(&self) -> bool {
        self.preparer.has_failed()
    }

    /// Allows a failed preparation to be tried again. The owner calls this periodically while
    /// [`is_full`](Journal::is_full).
    pub(crate) fn retry_preparation(&mut self) {
        self.preparer.retry();
    }
}
