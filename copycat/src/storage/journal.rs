//! The journal itself: it appends frames and assigns their positions.
//!
//! Nothing here blocks. An append gives frames their final positions and makes them readable at once. Files above
//! this one do the rest: `recovery.rs` opens a journal, `write.rs` makes frames durable, `preallocation.rs` provides
//! the next segment, `space.rs` checks for free space, `read.rs` returns entries. They all work on the parts below:
//! `groups.rs`, `segments.rs`, `write_queue.rs`, `preallocator.rs`.

use super::batch_header::{BATCH_HEADER_LEN, BatchKind, add_frame};
use super::disk::Disk;
use super::error::{DiskError, StorageError};
use super::group_log::GroupLog;
use super::groups::Groups;
use super::options::JournalOptions;
use super::position::{BLOCK, Position, align_up};
use super::preallocator::Preallocator;
use super::reserve::{INTERNAL_LEN_MAX, Purpose};
use super::segment::Segment;
use super::segments::Segments;
use super::write_queue::WriteQueue;
use crate::codec::checksum::{crc32c, crc32c_append};
use crate::codec::entries::Entries;
use crate::codec::frame::{HEADER_LEN, Header};
use crate::codec::ids::{GroupId, Index, MemberId, TERM_MAX, Term};
use crate::codec::log_shape::LogShape;
use crate::codec::terms::LogId;
use std::sync::Arc;

/// One ordered log of the frames of many groups.
#[derive(Debug)]
pub(crate) struct Journal {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) options: JournalOptions,
    pub(super) salts: fastrand::Rng,
    pub(super) groups: Groups,
    /// The segments in use; never empty.
    pub(super) segments: Segments,
    pub(super) batches: WriteQueue,
    pub(super) preallocator: Preallocator,
    /// The error that ended the journal.
    pub(super) failed: Option<DiskError>,
    pub(super) flushed: Flushed,
}

/// The amount of data that became durable since the journal was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flushed {
    /// Number of successful flushes.
    pub flushes: u64,
    /// Number of durable frames: entries, terms and votes of all groups, without commit indexes.
    pub frames: u64,
    /// Bytes that these flushes wrote, padding included.
    pub bytes: u64,
}

impl Journal {
    /// Appends entries of one group. Their terms must not exceed the term saved for the group. The first index is at
    /// most one above the last index; existing entries from it on are replaced (Raft §5.3). All the entries lie in
    /// one batch. They can be read at once.
    ///
    /// Returns the position that must be durable for all of them. On an error nothing was appended.
    pub(crate) fn append(&mut self, group: GroupId, entries: &Entries) -> Result<Position, StorageError> {
        self.put(group, entries, Purpose::Entries)
    }

    /// Appends the first entry of a new leader's term. It may use the reserve for votes, so that a full disk does not
    /// stop a leader that was just elected. The entry has at most [`INTERNAL_LEN_MAX`] bytes. Otherwise like
    /// [`append`](Self::append). After [`has_vote_space`](Self::has_vote_space) returned true, one call always
    /// succeeds.
    pub(crate) fn append_own(&mut self, group: GroupId, entry: &Entries) -> Result<Position, StorageError> {
        assert!(entry.len() <= INTERNAL_LEN_MAX, "the reserve is for one entry, of {} bytes", entry.len());
        self.put(group, entry, Purpose::Vote)
    }

    fn put(&mut self, group: GroupId, entries: &Entries, purpose: Purpose) -> Result<Position, StorageError> {
        self.alive()?;
        if entries.is_empty() {
            return Ok(self.batches.end());
        }
        self.groups.check(group, entries)?;
        self.make_space(entries.len(), purpose)?;
        assert!(self.has_end_within(entries.len(), Purpose::Vote), "entries leave the last block free");
        let groups = &mut self.groups;
        self.batches.add(|batch| {
            let position = groups.append(group, entries, batch.end());
            let checksum = crc32c_append(batch.checksum(), entries.prefixes().as_flattened());
            batch.push(entries.frames().clone(), entries.count() as u32, checksum);
            assert_eq!(position, batch.end(), "positions agree with the batch");
        });
        Ok(self.batches.end())
    }

    /// Appends a group's term and vote. Terms never decrease, and a vote never changes within a term.
    ///
    /// Returns the position that must be durable before another member learns of either. On a full disk it uses a
    /// reserve. On an error nothing was appended.
    pub(crate) fn save_vote(
        &mut self,
        group: GroupId,
        term: Term,
        vote: Option<MemberId>,
    ) -> Result<Position, StorageError> {
        self.alive()?;
        assert!((1..=TERM_MAX).contains(&term), "a vote is cast in a term that opening accepts");
        let mut frame = Vec::with_capacity(HEADER_LEN);
        Header::vote(group, term, vote).encode(&[], &mut frame);
        self.make_space(frame.len(), Purpose::Vote)?;
        assert!(self.has_end_within(frame.len(), Purpose::Vote), "votes leave the last block free");
        self.groups.set_vote(group, term, vote);
        self.batches.add(|batch| {
            let checksum = add_frame(batch.checksum(), &frame);
            batch.push(frame.into(), 1, checksum);
        });
        Ok(self.batches.end())
    }

    /// Notes that a group's entries up to `index`, an index of its log, are committed. The commit index is recorded
    /// in a batch that is written anyway, or after a second without one (see [`tick`](Journal::tick)). If a crash
    /// loses it, the group learns it again.
    pub(crate) fn note_commit(&mut self, group: GroupId, index: Index) {
        self.groups.note_commit(group, index);
    }

    /// Returns the shape of a group's log, or `None` if the group never stored anything.
    pub(crate) fn shape(&self, group: GroupId) -> Option<&LogShape> {
        self.groups.get(group).map(|log| &log.state().log)
    }

    /// Returns the entries of a group that record a schema, ascending.
    pub(crate) fn schemas(&self, group: GroupId) -> &[LogId] {
        self.groups.get(group).map_or(&[], GroupLog::schemas)
    }

    /// Returns the position up to which the journal is durable.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn durable(&self) -> Position {
        self.batches.durable()
    }

    /// Returns the position after the last appended frame.
    pub(crate) fn end(&self) -> Position {
        self.batches.end()
    }

    /// Returns how much was made durable, and in how many flushes.
    pub(crate) fn flushed(&self) -> Flushed {
        self.flushed
    }

    /// Returns the error that ended the journal, if there is one.
    pub(super) fn alive(&self) -> Result<(), StorageError> {
        self.failed.as_ref().map_or(Ok(()), |error| Err(StorageError::Failed(error.clone())))
    }

    /// Returns the segment that batches are written to.
    pub(super) fn active(&self) -> &Segment {
        self.segments.active()
    }

    /// Returns whether the open batch, with `len` more bytes, stays within the space for this purpose.
    pub(super) fn has_end_within(&self, len: usize, purpose: Purpose) -> bool {
        let segment = self.active();
        let end = self.batches.last().map(|batch| segment.offset(batch.end()) + len as u64);
        end.is_some_and(|end| end <= purpose.offset_max(segment.header.len))
    }

    /// Ensures that the open batch takes `len` more bytes.
    pub(super) fn make_space(&mut self, len: usize, purpose: Purpose) -> Result<(), StorageError> {
        if !self.make_space_here(len, Purpose::Entries) {
            match self.roll(len) {
                Err(_) if purpose != Purpose::Entries && self.make_space_here(len, purpose) => {}
                rolled => rolled?,
            }
        }
        assert!(self.has_end_within(len, purpose), "{len} bytes pass the space of {purpose:?}");
        Ok(())
    }

    /// Ensures that the open batch takes `len` more bytes, if they fit the active segment. Returns whether they do.
    pub(super) fn make_space_here(&mut self, len: usize, purpose: Purpose) -> bool {
        let offset_max = purpose.offset_max(self.active().header.len);
        let open = self.batches.last();
        if open.is_some_and(|batch| batch.takes(len, self.options.batch_max, offset_max)) {
            return true;
        }
        let fits = self.next_offset() + (BATCH_HEADER_LEN + len) as u64 <= offset_max;
        if fits {
            assert!(self.next_offset() >= BLOCK, "behind the segment's header");
            self.batches.open(self.segments.active(), BatchKind::Frames);
        }
        fits
    }

    /// Returns the offset in the active segment at which a new batch would begin.
    pub(super) fn next_offset(&self) -> u64 {
        self.active().offset(self.batches.next_position())
    }

    /// Activates the next segment, which begins with a checkpoint, and opens a batch of `len` bytes in it.
    fn roll(&mut self, len: usize) -> Result<(), StorageError> {
        if self.preallocator.ready().is_none() {
            return Err(self.preallocator.no_space());
        }
        let body = self.groups.checkpoint();
        let needed = BLOCK
            + align_up((BATCH_HEADER_LEN + body.len()) as u64)
            + align_up((BATCH_HEADER_LEN + len) as u64);
        let Some(segment) = self.preallocator.take(|len| needed <= Purpose::Entries.offset_max(len), needed)
        else {
            return Err(self.preallocator.no_space());
        };
        self.activate(segment, body);
        let fits = self.make_space_here(len, Purpose::Entries);
        assert!(fits, "the segment was long enough");
        Ok(())
    }

    /// Makes a segment without batches the active one.
    pub(super) fn activate(&mut self, segment: Segment, checkpoint: Vec<u8>) {
        assert_eq!(segment.header.len, segment.region.len(), "a segment is as long as its header says");
        self.batches.enter(segment.header.base.plus(BLOCK as usize));
        self.segments.push(segment);
        assert_eq!(self.next_offset(), BLOCK, "batches begin behind the header");
        self.put_checkpoint(checkpoint);
    }

    /// Appends a checkpoint of the current state of all groups. The caller has checked that it fits.
    fn put_checkpoint(&mut self, body: Vec<u8>) {
        debug_assert_eq!(body, self.groups.checkpoint(), "the groups have changed since");
        let checksum = crc32c(&body);
        self.batches.open(self.segments.active(), BatchKind::Checkpoint);
        let durable_at = self.batches.add(|batch| {
            batch.push(body.into(), 0, checksum);
            batch.end_padded()
        });
        assert!(durable_at <= self.active().end(), "the checkpoint lies in the segment");
        self.groups.checkpoint_recorded();
        self.segments.release_at(durable_at, self.first_needed());
    }

    /// Drops a group's entries up to and including `through`, an index of its log, because a snapshot covers them.
    /// Old segments without needed entries are released once a checkpoint without these entries is durable. If this
    /// call frees a segment and there is space, it appends that checkpoint; otherwise the next roll does. A crash
    /// before that brings the entries back, and the owner drops them again.
    #[allow(dead_code, reason = "snapshots call it; until there are any, the model test does")]
    pub(crate) fn drop_through(&mut self, group: GroupId, through: Index) {
        if !self.groups.drop_through(group, through) || self.failed.is_some() {
            return;
        }
        if !self.segments.has_surplus(self.first_needed()) {
            return;
        }
        let body = self.groups.checkpoint();
        // On a full disk the reserve may be used for this too, because this frees space.
        let purpose = if self.preallocator.ready().is_some() { Purpose::Entries } else { Purpose::Vote };
        let space = purpose.offset_max(self.active().header.len).saturating_sub(self.next_offset());
        if space >= (BATCH_HEADER_LEN + body.len()) as u64 {
            self.put_checkpoint(body);
            debug_assert!(!self.segments.has_surplus(self.first_needed()), "what nobody needs goes with it");
        }
    }

    /// Returns the number of the oldest segment that holds an entry of any group, at most the active segment's.
    pub(super) fn first_needed(&self) -> u64 {
        let needed = self.segments.first_needed(self.groups.oldest());
        assert!(needed <= self.active().header.number, "the active segment stays");
        needed
    }
}
