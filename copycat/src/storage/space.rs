//! Checks for space in the journal. The owner asks before it promises anything to a client or another member.
//!
//! An `Ok` is valid until the next call of `space_for`, `next_write` or `tick`. Until then no append of what was asked
//! for, in any order, fails with [`StorageError::Full`] or [`StorageError::NotReady`].

use super::batch_header::BATCH_HEADER_LEN;
use super::checkpoint;
use super::error::StorageError;
use super::journal::Journal;
use super::position::{BLOCK, align_up};
use super::reserve::{INTERNAL_LEN_MAX, Purpose, VOTE_LEN};

/// Most bytes that a checkpoint grows by with a new group. The entries of the group are not counted: an entry adds
/// fewer bytes to a checkpoint than its frame has.
const GROUP_LEN: u64 = checkpoint::len_of_group(0) as u64;

impl Journal {
    /// Checks that the journal takes `len` bytes of frames of one group now, in one append or several, and one vote
    /// before, between or after them. Appends nothing. If the next segment is ready and too short, a longer one is
    /// preallocated in its place; after that the check succeeds.
    ///
    /// # Errors
    ///
    /// The errors of [`append`](Journal::append): [`StorageError::Full`], [`StorageError::NotReady`], or the error
    /// that ended the journal.
    pub(crate) fn space_for(&mut self, len: usize) -> Result<(), StorageError> {
        self.alive()?;
        let len = VOTE_LEN + len;
        if self.has_space_here(len, Purpose::Entries) || self.has_space_next(len) {
            return Ok(());
        }
        self.preallocator.want(self.needed_next(len));
        Err(self.preallocator.no_space())
    }

    /// Returns whether the journal takes a vote now, and after it the first entry of a new leader. The reserve has
    /// space for a few of them, even on a full disk.
    pub(crate) fn has_vote_space(&self) -> bool {
        let len = VOTE_LEN + INTERNAL_LEN_MAX;
        self.failed.is_none() && (self.has_space_here(len, Purpose::Vote) || self.has_space_next(len))
    }

    /// Returns the distance between the end of the journal and what is durable, in bytes. It counts everything that was
    /// appended and is not durable yet, and, while that spans two segments, also the unused rest of the first.
    pub(crate) fn backlog(&self) -> u64 {
        self.batches.end().0.saturating_sub(self.batches.durable().0)
    }

    /// Returns whether a batch waits to be written.
    pub(crate) fn has_waiting(&self) -> bool {
        self.batches.has_waiting()
    }

    /// Returns whether everything that was appended is durable.
    pub(crate) fn is_idle(&self) -> bool {
        self.batches.is_idle()
    }

    /// Returns whether `len` bytes fit the active segment, however they are divided into appends.
    fn has_space_here(&self, len: usize, purpose: Purpose) -> bool {
        let segment = self.active();
        // The open batch may take the first frames and then be too full for the next ones.
        let open = if self.batches.has_waiting() { BLOCK } else { 0 };
        self.next_offset() + open + self.extent(len) <= purpose.offset_max(segment.header.len)
    }

    fn has_space_next(&self, len: usize) -> bool {
        let needed = self.needed_next(len);
        self.preallocator.ready().is_some_and(|next| needed <= Purpose::Entries.offset_max(next.header.len))
    }

    /// Returns how long the next segment must be for `len` bytes of frames after its checkpoint. The checkpoint may
    /// still grow until the segment is used: each frame that goes to the active one until then may add to it, but less
    /// than its own length. One block is added for rounding.
    fn needed_next(&self, len: usize) -> u64 {
        let checkpoint = BATCH_HEADER_LEN as u64 + self.groups.checkpoint_len() + GROUP_LEN;
        let needed = BLOCK + align_up(checkpoint) + BLOCK + align_up(self.extent(len));
        assert!(needed.is_multiple_of(BLOCK) && needed > len as u64, "batches are whole blocks");
        needed
    }

    /// Returns the most bytes from the beginning of a new batch to the end of `len` bytes of frames, in one append or
    /// several. A batch is closed when the next append would make it too long, so any two neighbours together have
    /// more than `batch_max` bytes.
    fn extent(&self, len: usize) -> u64 {
        let len = len as u64;
        let further = if len <= self.options.batch_max { 0 } else { 1 + 2 * len / self.options.batch_max };
        BATCH_HEADER_LEN as u64 + len + further * (BATCH_HEADER_LEN as u64 + BLOCK)
    }
}
