//! The journal itself: what is appended, and where it will lie.
//!
//! Nothing here blocks. An append gives frames their final positions and makes them readable at once;
//! `write.rs` makes them durable, `preparation.rs` sees to the next segment, `read.rs` serves them.

use super::batch::{BATCH_HEADER_LEN, BatchKind, add_frame};
use super::checkpoint;
use super::commits::Unrecorded;
use super::disk::Disk;
use super::error::{DiskError, StorageError};
use super::group_log::GroupLog;
use super::pending::Batch;
use super::position::{BLOCK, Position, align_up};
use super::preparation::Preparer;
use super::recent::Recent;
use super::room::OWN_LEN_MAX;
use super::segment::{Owner, Segment};
use crate::codec::checksum::{crc32c, crc32c_append};
use crate::codec::cursor::Malformed;
use crate::codec::entries::Entries;
use crate::codec::frame::{HEADER_LEN, Header};
use crate::codec::ids::{GroupId, Index, MemberId, TERM_MAX, Term};
use crate::codec::log_shape::LogShape;
use crate::codec::terms::LogId;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Shortest segment: 64 KiB.
pub(crate) const SEGMENT_LEN_MIN: u64 = 64 << 10;
/// Longest segment: 1 GiB, so that offsets and lengths within one fit 32 bits.
pub(crate) const SEGMENT_LEN_MAX: u64 = 1 << 30;

/// Most bytes of the very first segment: 4 MiB.
const FIRST_LEN: u64 = 4 << 20;

/// Most bytes of frames that one append may bring: 64 MiB.
pub(crate) const APPEND_MAX: usize = 64 << 20;

/// How a journal is kept.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Whose journal it is.
    pub owner: Owner,
    /// Bytes of a new segment, rounded up to whole blocks and kept within 64 KiB and 1 GiB. The first ones
    /// are shorter: 4 MiB, and twice as long each, so that a young journal is quickly made. A segment
    /// is made longer if a checkpoint or an append would not fit otherwise. Default 64 MiB.
    pub segment_len: u64,
    /// Bytes of frames after which a batch takes no more; a longer append is a batch of its own.
    /// Default 8 MiB; not below 4 KiB, so that an election fits the reserve of the shortest segment.
    pub batch_max: u64,
    /// Most bytes of frames of flushed batches that stay in memory, unless the newest batch alone has more. What is no
    /// longer there is read from the disk. Default 16 MiB, two of the longest batches that gather: while one is applied
    /// and sent, the next is being written.
    pub recent_bytes_max: u64,
    /// Most flushed batches that stay in memory: what a batch costs beside its frames is bounded too. Default 1,024.
    pub recent_batches_max: usize,
}

impl Options {
    /// Bytes of segment `number`, unless more are needed.
    pub(super) fn len_of(&self, number: u64) -> u64 {
        let young = FIRST_LEN << number.min(16);
        align_up(self.segment_len.min(young).clamp(SEGMENT_LEN_MIN, SEGMENT_LEN_MAX))
    }

    /// The defaults.
    pub(crate) fn new(owner: Owner) -> Options {
        Options {
            owner,
            segment_len: 64 << 20,
            batch_max: 8 << 20,
            recent_bytes_max: 16 << 20,
            recent_batches_max: 1_024,
        }
    }
}

/// One ordered log of the frames of many groups.
#[derive(Debug)]
pub(crate) struct Journal {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) options: Options,
    pub(super) salts: fastrand::Rng,
    pub(super) groups: BTreeMap<GroupId, GroupLog>,
    /// Which of them have a commit index that is still to be recorded.
    pub(super) unrecorded: Unrecorded,
    /// Oldest first; the last one is active. Never empty.
    pub(super) segments: VecDeque<Segment>,
    /// Behind the last frame.
    pub(super) end: Position,
    pub(super) durable: Position,
    /// Checksum of the batch header sealed last, which the next one in the segment names.
    pub(super) previous: u32,
    pub(super) in_flight: Option<Arc<Batch>>,
    pub(super) waiting: VecDeque<Batch>,
    pub(super) recent: Recent,
    /// What may be dropped once a checkpoint is durable: its end, and the first segment still needed.
    pub(super) releases: VecDeque<(Position, u64)>,
    pub(super) preparer: Preparer,
    pub(super) failed: Option<DiskError>,
    pub(super) flushed: Flushed,
}

/// What has become durable since the journal was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flushed {
    /// Flushes that ended well.
    pub flushes: u64,
    /// Frames they made durable: entries, terms and votes of all groups.
    pub frames: u64,
    /// Bytes they wrote, padding included.
    pub bytes: u64,
}

/// What room is asked for. Each leaves the later ones a reserve at the segment's end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Entries,
    /// Terms, votes, and the entry of a new leader.
    Vote,
    /// The record of an orderly end.
    Close,
}

impl Purpose {
    /// Offset that what is stored for this purpose may not pass in a segment of `len` bytes.
    pub(super) fn offset_max(self, len: u64) -> u64 {
        match self {
            Purpose::Entries => len - (len / 16).clamp(4 * BLOCK, 256 * BLOCK),
            Purpose::Vote => len - BLOCK,
            Purpose::Close => len,
        }
    }
}

impl Journal {
    /// Stores entries of one group, of no term that was not saved before. The first index is at most one beyond the
    /// last; everything at or beyond it is replaced (Raft §5.3). All of them lie in one batch. They are readable at once.
    ///
    /// Returns the position that must be durable for all of them. On an error nothing was appended.
    pub(crate) fn append(&mut self, group: GroupId, entries: &Entries) -> Result<Position, StorageError> {
        self.put(group, entries, Purpose::Entries)
    }

    /// Stores the entry that a new leader begins its term with, within the reserve that votes have: an
    /// election is not won to find the disk full. At most [`OWN_LEN_MAX`] bytes; otherwise like
    /// [`append`](Self::append). Always works, once, after [`has_vote_room`](Self::has_vote_room).
    pub(crate) fn append_own(&mut self, group: GroupId, entry: &Entries) -> Result<Position, StorageError> {
        assert!(entry.len() <= OWN_LEN_MAX, "the reserve is for one entry, of {} bytes", entry.len());
        self.put(group, entry, Purpose::Vote)
    }

    fn put(&mut self, group: GroupId, entries: &Entries, purpose: Purpose) -> Result<Position, StorageError> {
        self.alive()?;
        if entries.is_empty() {
            return Ok(self.end);
        }
        self.check(group, entries)?;
        self.make_room(entries.len(), purpose)?;
        let log = self.groups.entry(group).or_default();
        let Some(batch) = self.waiting.back_mut() else { unreachable!("room was made in it") };
        let position = log.append(entries, batch.end());
        let checksum = crc32c_append(batch.checksum(), entries.marks().as_flattened());
        batch.push(entries.frames().clone(), entries.count() as u32, checksum);
        assert_eq!(position, batch.end(), "positions agree with the batch");
        self.end = position;
        Ok(position)
    }

    /// Stores a group's term and vote. Terms never fall, and within a term a vote never changes.
    ///
    /// Returns the position that must be durable before anybody learns of either. Works when the disk
    /// is full, within a reserve; on an error nothing was appended.
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
        self.make_room(frame.len(), Purpose::Vote)?;
        self.groups.entry(group).or_default().state_mut().set_vote(term, vote);
        let Some(batch) = self.waiting.back_mut() else { unreachable!("room was made in it") };
        let checksum = add_frame(batch.checksum(), &frame);
        batch.push(frame.into(), 1, checksum);
        self.end = batch.end();
        Ok(self.end)
    }

    /// Remembers that a group's entries up to `index`, which the journal holds, are committed. It is recorded with a batch
    /// that is written anyway, or after a second without one (see [`tick`](Journal::tick)); what a crash forgets of it, the
    /// group finds out again.
    pub(crate) fn note_commit(&mut self, group: GroupId, index: Index) {
        let log = self.groups.get_mut(&group).expect("what is committed was stored before");
        if log.note_commit(index) {
            self.unrecorded.push(group);
        }
    }

    /// The shape of a group's log; `None` for a group that never stored anything.
    pub(crate) fn shape(&self, group: GroupId) -> Option<&LogShape> {
        self.groups.get(&group).map(|log| &log.state().log)
    }

    /// Everything before this position is durable.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn durable(&self) -> Position {
        self.durable
    }

    /// Behind the last frame that was appended.
    pub(crate) fn end(&self) -> Position {
        self.end
    }

    /// How much was made durable, in how many flushes.
    pub(crate) fn flushed(&self) -> Flushed {
        self.flushed
    }

    /// The error that ended the journal, if one did.
    pub(super) fn alive(&self) -> Result<(), StorageError> {
        self.failed.as_ref().map_or(Ok(()), |error| Err(StorageError::Failed(error.clone())))
    }

    pub(super) fn active(&self) -> &Segment {
        match self.segments.back() {
            Some(segment) => segment,
            None => unreachable!("a journal always has a segment"),
        }
    }

    /// Whether the entries, at least one, may be appended.
    fn check(&self, group: GroupId, entries: &Entries) -> Result<(), StorageError> {
        let malformed = |source| Err(StorageError::Malformed { group, source });
        if entries.len() > APPEND_MAX {
            return malformed(Malformed::TooLong { limit: APPEND_MAX, found: entries.len() });
        }
        let first = entries.spans().iter().next().expect("at least one entry");
        self.check_first(group, LogId::new(first.term, first.first))?;
        // A term is recorded before the first entry of it is: opening relies on it.
        let last_term = entries.spans().last().map_or(0, |last| last.term);
        if last_term > self.groups.get(&group).map_or(0, |log| log.state().term) {
            return malformed(Malformed::Value { field: "frame term", found: last_term });
        }
        Ok(())
    }

    fn check_first(&self, group: GroupId, id: LogId) -> Result<(), StorageError> {
        let index = id.index;
        let empty = LogShape::default();
        let log = self.shape(group).unwrap_or(&empty);
        let before: Option<Term> = index.checked_sub(1).and_then(|before| log.term(before));
        // What is committed stays, and so does what a snapshot covers.
        let kept = self.groups.get(&group).map_or(0, GroupLog::noted);
        if index <= kept || before.is_none_or(|before| before > id.term || id.term == 0) {
            let (first, last) = (kept + 1, log.last().index);
            return Err(StorageError::Misplaced { group, index, first, last });
        }
        Ok(())
    }

    /// Sees to it that the last waiting batch takes `len` more bytes.
    pub(super) fn make_room(&mut self, len: usize, purpose: Purpose) -> Result<(), StorageError> {
        if self.make_room_here(len, Purpose::Entries) {
            return Ok(());
        }
        match self.roll(len) {
            Err(_) if purpose != Purpose::Entries && self.make_room_here(len, purpose) => Ok(()),
            rolled => rolled,
        }
    }

    pub(super) fn make_room_here(&mut self, len: usize, purpose: Purpose) -> bool {
        let segment_len = self.active().header.len;
        let offset_max = purpose.offset_max(segment_len);
        if self.waiting.back().is_some_and(|batch| batch.takes(len, self.options.batch_max, offset_max)) {
            return true;
        }
        let fits = self.next_offset() + (BATCH_HEADER_LEN + len) as u64 <= offset_max;
        if fits {
            self.open_batch(BatchKind::Frames);
        }
        fits
    }

    /// Where in the active segment a new batch would begin.
    fn next_offset(&self) -> u64 {
        self.active().offset(Position(align_up(self.end.0)))
    }

    fn open_batch(&mut self, kind: BatchKind) -> &mut Batch {
        let batch = Batch::new(self.active(), self.next_offset(), kind);
        self.waiting.push_back(batch);
        match self.waiting.back_mut() {
            Some(batch) => batch,
            None => unreachable!("just pushed"),
        }
    }

    /// Goes on in the next segment, which begins with a checkpoint, and opens a batch of `len` bytes.
    fn roll(&mut self, len: usize) -> Result<(), StorageError> {
        if self.preparer.ready().is_none() {
            return Err(self.preparer.no_room());
        }
        let body = checkpoint::encode(&self.groups);
        let needed = BLOCK
            + align_up((BATCH_HEADER_LEN + body.len()) as u64)
            + align_up((BATCH_HEADER_LEN + len) as u64);
        let Some(segment) = self.preparer.take(|len| needed <= Purpose::Entries.offset_max(len), needed)
        else {
            return Err(self.preparer.no_room());
        };
        self.activate(segment, body);
        let fits = self.make_room_here(len, Purpose::Entries);
        assert!(fits, "the segment was long enough");
        Ok(())
    }

    /// Makes a segment without batches the active one.
    pub(super) fn activate(&mut self, segment: Segment, body: Vec<u8>) {
        assert!(self.segments.back().is_none_or(|last| last.end() == segment.header.base), "segments adjoin");
        self.end = Position(segment.header.base.0 + BLOCK);
        self.segments.push_back(segment);
        self.put_checkpoint(body);
    }

    fn put_checkpoint(&mut self, body: Vec<u8>) {
        let needed = self.first_needed();
        let checksum = crc32c(&body);
        let batch = self.open_batch(BatchKind::Checkpoint);
        batch.push(body.into(), 0, checksum);
        let (end, end_padded) = (batch.end(), batch.end_padded());
        self.end = end;
        self.unrecorded.record_all(&mut self.groups);
        if self.segments.front().is_some_and(|front| front.header.number < needed) {
            self.releases.push_back((end_padded, needed));
        }
    }

    /// Drops a group's entries up to and including `through`, an index that the log holds: a snapshot
    /// covers them. Segments in front that nobody needs any more go as soon as a checkpoint that says
    /// so is durable; it is written here if one goes and there is room, otherwise with the next roll.
    /// After a crash before that the entries are back; dropping them again is all it takes.
    #[allow(dead_code, reason = "snapshots call it; until there are any, the model test does")]
    pub(crate) fn drop_through(&mut self, group: GroupId, through: Index) {
        let Some(log) = self.groups.get_mut(&group) else { return };
        log.drop_through(through);
        let needed = self.first_needed();
        let known = match self.releases.back() {
            Some((_, scheduled)) => *scheduled,
            None => self.segments.front().map_or(needed, |front| front.header.number),
        };
        if needed <= known || self.failed.is_some() {
            return;
        }
        let body = checkpoint::encode(&self.groups);
        // On a full disk the reserve is for this too: it is how space comes back.
        let purpose = if self.preparer.ready().is_some() { Purpose::Entries } else { Purpose::Vote };
        let room = purpose.offset_max(self.active().header.len).saturating_sub(self.next_offset());
        if room >= (BATCH_HEADER_LEN + body.len()) as u64 {
            self.put_checkpoint(body);
        }
    }

    /// Number of the oldest segment that holds an entry of any group, at most the active one's.
    pub(super) fn first_needed(&self) -> u64 {
        let oldest = self.groups.values().filter_map(GroupLog::oldest).min();
        let holder = self.segments.iter().find(|segment| oldest.is_some_and(|oldest| oldest < segment.end()));
        holder.unwrap_or(self.active()).header.number
    }
}
