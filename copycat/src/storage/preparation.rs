//! What a journal has done for the segments before and behind those in use.

use super::journal::Journal;
use super::position::BLOCK;
use super::preparer::{Preparation, Prepared};
use super::segment::SegmentHeader;

impl Journal {
    /// What to prepare next; `None` while a preparation is under way or none is needed. After a
    /// failure only what might free space, until `retry_preparation`.
    pub(crate) fn next_preparation(&mut self) -> Option<Preparation> {
        if self.failed.is_some() || self.preparer.is_content() {
            return None;
        }
        let next = self.next_segment();
        self.preparer.next(&self.disk, next, &mut self.salts)
    }

    /// The segment behind the active one. As long as set, or longer where the checkpoint would take a quarter of it.
    fn next_segment(&self) -> SegmentHeader {
        let (number, base) = (self.active().header.number + 1, self.active().end());
        let ready = self.preparer.ready();
        assert!(ready.is_none_or(|ready| ready.header.base == base), "what is ready begins at {base}");
        let len = self.options.len_of(number).max(4 * self.groups.checkpoint_len() + 4 * BLOCK);
        SegmentHeader { number, salt: 0, base, len, owner: self.options.owner, recycled: false }
    }

    /// Takes note of the end of a preparation. A failure is remembered: entries that need a new
    /// segment are refused with `StorageError::Full` until a later preparation succeeds.
    pub(crate) fn prepared(&mut self, done: Prepared) {
        self.preparer.prepared(done);
    }

    /// Whether entries are refused, or soon will be, because a preparation failed.
    pub(crate) fn is_full(&self) -> bool {
        self.preparer.has_failed()
    }

    /// Lets a preparation that failed be offered again. To be called now and then while
    /// [`is_full`](Journal::is_full).
    pub(crate) fn retry_preparation(&mut self) {
        self.preparer.retry();
    }
}
