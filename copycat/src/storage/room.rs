//! Whether there is room for frames. The owner asks before it promises anything to anybody.
//!
//! A yes holds until the next question, the next write and the next tick, for everything that was asked for, in any
//! order: no append of it fails with [`StorageError::Full`] or [`StorageError::NotReady`].

use super::batch_header::BATCH_HEADER_LEN;
use super::checkpoint;
use super::error::StorageError;
use super::journal::Journal;
use super::position::{BLOCK, align_up};
use super::reserve::{INTERNAL_LEN_MAX, Purpose, VOTE_LEN};

/// Most bytes that a checkpoint grows by with a new group. What its entries add is not counted: a checkpoint says
/// less of an entry than the entry's frame has bytes.
const GROUP_LEN: u64 = checkpoint::len_of_group(0) as u64;

impl Journal {
    /// Whether the journal takes `len` bytes of frames of one group now, in one append or several, and one vote
    /// before, between or behind them. Appends nothing. If the next segment is ready and too short, a longer one is
    /// prepared in its place; then the answer is yes.
    ///
    /// # Errors
    ///
    /// What [`append`](Journal::append) would say: [`StorageError::Full`], [`StorageError::NotReady`], or
    /// the error that ended the journal.
    pub(crate) fn room_for(&mut self, len: usize) -> Result<(), StorageError> {
        self.alive()?;
        let len = VOTE_LEN + len;
        if self.has_room_here(len, Purpose::Entries) || self.has_room_next(len) {
            return Ok(());
        }
        self.preparer.want(self.needed_next(len));
        Err(self.preparer.no_room())
    }

    /// Whether the journal takes a vote now, and behind it the entry of a new leader. The reserve has room for a few
    /// of them, also when the disk is full.
    pub(crate) fn has_vote_room(&self) -> bool {
        let len = VOTE_LEN + INTERNAL_LEN_MAX;
        self.failed.is_none() && (self.has_room_here(len, Purpose::Vote) || self.has_room_next(len))
    }

    /// Bytes that were appended and are not durable yet. They are in memory.
    pub(crate) fn backlog(&self) -> u64 {
        self.batches.end().0.saturating_sub(self.batches.durable().0)
    }

    /// Whether something waits for the write under way to end.
    pub(crate) fn has_waiting(&self) -> bool {
        self.batches.has_waiting()
    }

    /// Whether everything that was appended is durable.
    pub(crate) fn is_idle(&self) -> bool {
        self.batches.is_idle()
    }

    /// Whether `len` bytes fit the active segment, however they are cut into appends.
    fn has_room_here(&self, len: usize, purpose: Purpose) -> bool {
        let segment = self.active();
        // The open batch may take the first frames and have no room for those behind them.
        let open = if self.batches.has_waiting() { BLOCK } else { 0 };
        self.next_offset() + open + self.extent(len) <= purpose.offset_max(segment.header.len)
    }

    fn has_room_next(&self, len: usize) -> bool {
        let needed = self.needed_next(len);
        self.preparer.ready().is_some_and(|next| needed <= Purpose::Entries.offset_max(next.header.len))
    }

    /// Where in the next segment `len` bytes of frames would end at most. Frames that go to the active segment before
    /// may make the checkpoint longer, by less than their own length: hence one block more.
    fn needed_next(&self, len: usize) -> u64 {
        let checkpoint = BATCH_HEADER_LEN as u64 + self.groups.checkpoint_len() + GROUP_LEN;
        let needed = BLOCK + align_up(checkpoint) + BLOCK + align_up(self.extent(len));
        assert!(needed.is_multiple_of(BLOCK) && needed > len as u64, "batches are whole blocks");
        needed
    }

    /// Most bytes from the beginning of a new batch to the end of `len` bytes of frames, in one append or
    /// several. A batch is closed when the next append would make it too long, so any two neighbours
    /// hold more than `batch_max` together.
    fn extent(&self, len: usize) -> u64 {
        let len = len as u64;
        let further = if len <= self.options.batch_max { 0 } else { 1 + 2 * len / self.options.batch_max };
        BATCH_HEADER_LEN as u64 + len + further * (BATCH_HEADER_LEN as u64 + BLOCK)
    }
}
