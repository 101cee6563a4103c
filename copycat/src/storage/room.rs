//! Whether there is room, asked before anything is promised to anybody.
//!
//! A question is about everything that may be stored before the next one is asked, in whatever order:
//! whoever got a yes never meets [`StorageError::Full`] or [`StorageError::NotReady`] half way through.

use super::batch::BATCH_HEADER_LEN;
use super::checkpoint;
use super::error::StorageError;
use super::journal::Journal;
use super::position::{BLOCK, align_up};
use super::reserve::{OWN_LEN_MAX, Purpose, VOTE_LEN};

/// Most bytes that a checkpoint grows by with a new group, beside what its entries account for: a frame of an
/// entry is longer than what a checkpoint says of it.
const GROUP_LEN: u64 = checkpoint::len_of_group(0) as u64;

impl Journal {
    /// Whether `len` bytes of frames of one group will be taken now, in one append or several, and with
    /// them, before, between or behind, one vote. Appends nothing; a segment that is ready but too short
    /// for it makes way for a longer one as soon as there is one, so that asking again comes to an end.
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

    /// Whether a vote, and behind it the entry of a new leader, will be taken now: even a full disk leaves
    /// a reserve for some of them.
    pub(crate) fn has_vote_room(&self) -> bool {
        let len = VOTE_LEN + OWN_LEN_MAX;
        self.failed.is_none() && (self.has_room_here(len, Purpose::Vote) || self.has_room_next(len))
    }

    /// Bytes that were appended and are not durable yet: what a slow disk keeps in memory.
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

    /// Whether all of it fits the active segment, however it is cut into appends.
    fn has_room_here(&self, len: usize, purpose: Purpose) -> bool {
        let segment = self.active();
        // A batch that is open may take the first frames, and be too long for those behind them.
        let open = if self.batches.has_waiting() { BLOCK } else { 0 };
        self.next_offset() + open + self.extent(len) <= purpose.offset_max(segment.header.len)
    }

    fn has_room_next(&self, len: usize) -> bool {
        let needed = self.needed_next(len);
        self.preparer.ready().is_some_and(|next| needed <= Purpose::Entries.offset_max(next.header.len))
    }

    /// Where in the next segment `len` bytes of frames would end at most. Those that the active segment
    /// takes before may move the checkpoint's end, by less than they are long, to another block.
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
