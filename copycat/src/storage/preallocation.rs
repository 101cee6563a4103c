//! Background jobs of a journal: creating the next segment, and removing segments that are no longer needed.

use super::journal::Journal;
use super::position::BLOCK;
use super::preallocator::{Preallocated, Preallocation};
use super::segment::SegmentHeader;

impl Journal {
    /// Returns the next preallocation, or `None` while one is in flight or none is needed. After a failure it returns
    /// only jobs that may free space, until `retry_preallocation`.
    pub(crate) fn next_preallocation(&mut self) -> Option<Preallocation> {
        if self.failed.is_some() || self.preallocator.is_idle() {
            return None;
        }
        let next = self.next_segment();
        self.preallocator.next(&self.disk, next, &mut self.salts)
    }

    /// Describes the segment after the active one. It has the configured length, or more if the checkpoint would take
    /// a quarter of it.
    fn next_segment(&self) -> SegmentHeader {
        let (number, base) = (self.active().header.number + 1, self.active().end());
        let ready = self.preallocator.ready();
        assert!(ready.is_none_or(|ready| ready.header.base == base), "what is ready begins at {base}");
        let len = self.options.len_of(number).max(4 * self.groups.checkpoint_len() + 4 * BLOCK);
        SegmentHeader { number, salt: 0, base, len, owner: self.options.owner, recycled: false }
    }

    /// Handles the result of a preallocation. A failure is remembered: entries that need a new segment are refused with
    /// `StorageError::Full` until a later preallocation succeeds.
    pub(crate) fn preallocated(&mut self, done: Preallocated) {
        self.preallocator.preallocated(done);
    }

    /// Returns whether entries are refused, or soon will be, because a preallocation failed.
    pub(crate) fn is_full(&self) -> bool {
        self.preallocator.has_failed()
    }

    /// Allows a failed preallocation to be tried again. The owner calls this periodically while
    /// [`is_full`](Journal::is_full).
    pub(crate) fn retry_preallocation(&mut self) {
        self.preallocator.retry();
    }
}
