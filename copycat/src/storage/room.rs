//! Whether there is room, asked before anything is promised to anybody.

use super::batch::BATCH_HEADER_LEN;
use super::error::StorageError;
use super::journal::{Journal, Purpose};
use super::position::{BLOCK, Position, align_up};

impl Journal {
    /// Whether an append of `len` bytes of frames will be taken now. Appends nothing; a segment that is
    /// ready but too short for it makes way for a longer one, so that asking again comes to an end.
    ///
    /// # Errors
    ///
    /// What [`append`](Journal::append) would say: [`StorageError::Full`], [`StorageError::NotReady`], or
    /// the error that ended the journal.
    pub(crate) fn room_for(&mut self, len: usize) -> Result<(), StorageError> {
        self.alive()?;
        if self.has_room_here(len, Purpose::Entries) || self.has_room_next(len) {
            return Ok(());
        }
        let discarded = self.preparer.take(|_| false, self.needed_next(len));
        assert!(discarded.is_none(), "what is too short is not taken");
        Err(self.preparer.no_room())
    }

    /// Whether a vote will be taken now: even a full disk leaves a reserve for many of them.
    pub(crate) fn has_vote_room(&self) -> bool {
        self.failed.is_none()
            && (self.has_room_here(VOTE_ROOM, Purpose::Vote) || self.has_room_next(VOTE_ROOM))
    }

    /// Bytes that were appended and are not durable yet: what a slow disk keeps in memory.
    pub(crate) fn backlog(&self) -> u64 {
        self.end.0.saturating_sub(self.durable.0)
    }

    /// Whether everything that was appended is durable.
    pub(crate) fn is_idle(&self) -> bool {
        self.in_flight.is_none() && self.waiting.is_empty()
    }

    fn has_room_here(&self, len: usize, purpose: Purpose) -> bool {
        let segment = self.active();
        let offset_max = purpose.offset_max(segment.header.len);
        let open =
            self.waiting.back().is_some_and(|batch| batch.takes(len, self.options.batch_max, offset_max));
        open || segment.offset(Position(align_up(self.end.0))) + (BATCH_HEADER_LEN + len) as u64 <= offset_max
    }

    fn has_room_next(&self, len: usize) -> bool {
        let needed = self.needed_next(len);
        self.preparer.ready().is_some_and(|next| needed <= Purpose::Entries.offset_max(next.header.len))
    }

    /// Where in the next segment a first batch of `len` bytes of frames would end.
    fn needed_next(&self, len: usize) -> u64 {
        let checkpoint = BATCH_HEADER_LEN as u64 + super::checkpoint::len(&self.groups);
        BLOCK + align_up(checkpoint) + align_up((BATCH_HEADER_LEN + len) as u64)
    }
}

/// A vote, and the configuration or empty entry that a new leader writes behind it.
const VOTE_ROOM: usize = 2 * crate::codec::frame::HEADER_LEN;
