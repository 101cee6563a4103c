//! Manages segments that are not in use: the next one, which is preallocated, and those that are no longer needed.
//! Creating and removing segments blocks, so both are jobs for another thread.

use super::disk::{Creation, Disk, Region};
use super::error::{DiskError, StorageError};
use super::options::{SEGMENT_LEN_MAX, SEGMENT_LEN_MIN};
use super::position::{BLOCK, Position, align_up};
use super::segment::{Segment, SegmentHeader};
use std::collections::VecDeque;
use std::sync::Arc;

/// A job that creates or removes a segment. If it is dropped and not run, no segment is ever preallocated again.
#[derive(Debug)]
#[must_use = "no segment is preallocated until this is run"]
pub(crate) struct Preallocation {
    disk: Arc<dyn Disk>,
    work: Work,
}

#[derive(Debug)]
enum Work {
    Create {
        creation: Creation,
        header: SegmentHeader,
        checksum: u32,
        /// The segment of the same number that is too short. It is kept until the longer one exists: on a full disk a
        /// short segment is better than none.
        replaces: Option<Box<Segment>>,
    },
    Remove {
        number: u64,
    },
}

/// The result of a job.
#[derive(Debug)]
#[must_use = "the journal has to learn of it"]
pub(crate) struct Preallocated(JobResult);

#[derive(Debug)]
enum JobResult {
    Created { segment: Result<Segment, DiskError>, recycled: Option<u64>, kept: Option<Segment> },
    Removed { number: u64, result: Result<(), DiskError> },
}

impl Preallocation {
    /// Creates or removes a segment. Blocks while a whole segment is written and flushed.
    pub(crate) fn run(self) -> Preallocated {
        Preallocated(match self.work {
            Work::Create { creation, header, checksum, replaces } => {
                let named = (creation.number, creation.len);
                assert_eq!(named, (header.number, header.len), "a file is what its header says");
                let segment = self.disk.create(&creation).map(|region| Segment { header, checksum, region });
                let kept =
                    replaces.map(|old| *old).filter(|old| segment.is_err() && is_there(&*self.disk, old));
                JobResult::Created { segment, recycled: creation.recycled, kept }
            }
            Work::Remove { number } => JobResult::Removed { number, result: self.disk.remove(number) },
        })
    }
}

/// Returns whether the file of this number is still this segment. If not, another file has its name now, and that one
/// may be lost in a crash: neither of the two may be written to.
fn is_there(disk: &dyn Disk, segment: &Segment) -> bool {
    let mut block = vec![0; BLOCK as usize];
    let read = disk.open(segment.header.number).and_then(|region| region.read(0, &mut block));
    read.is_ok() && SegmentHeader::parse(&block).is_ok_and(|(_, checksum)| checksum == segment.checksum)
}

/// A segment that is no longer part of the journal and still on the disk.
#[derive(Debug)]
struct Dropped {
    number: u64,
    /// The segment; `None` if an attempt to reuse it failed, so that its file may or may not exist.
    segment: Option<Segment>,
}

/// Provides the next segment, and reuses or removes the dropped ones.
#[derive(Debug, Default)]
pub(super) struct Preallocator {
    ready: Option<Segment>,
    /// Whether a job is in flight.
    busy: bool,
    /// Whether a removal failed. Then there are no jobs until the owner calls [`retry`](Preallocator::retry).
    stalled: bool,
    failed: Option<DiskError>,
    /// Bytes that the next segment must have, if the one that is ready is too short; otherwise 0.
    len_min: u64,
    /// Dropped segments, oldest first. They are removed in this order, so that the numbers of the files are always
    /// consecutive.
    dropped: VecDeque<Dropped>,
}

impl Preallocator {
    /// Returns the segment that is ready for use.
    pub(super) fn ready(&self) -> Option<&Segment> {
        self.ready.as_ref()
    }

    /// Sets the segment that is ready: a new one, or one without batches that recovery found.
    pub(super) fn set_ready(&mut self, segment: Segment) {
        assert!(self.ready.is_none(), "one segment is preallocated");
        let newest = self.dropped.back().map(|dropped| dropped.number);
        assert!(
            newest.is_none_or(|newest| newest < segment.header.number),
            "{newest:?} was dropped behind it"
        );
        self.ready = Some(segment);
    }

    /// Takes the segment that is ready, if `will_do` accepts its length. Otherwise [asks](Self::want) for
    /// a longer one.
    pub(super) fn take(&mut self, will_do: impl Fn(u64) -> bool, needed: u64) -> Option<Segment> {
        let segment = self.ready.take_if(|segment| will_do(segment.header.len));
        if segment.is_none() {
            self.want(needed);
        }
        assert!(segment.as_ref().is_none_or(|taken| needed <= taken.header.len), "{needed} bytes do not fit");
        segment
    }

    /// Asks for a segment of twice `needed` bytes in place of the one that is ready. Does nothing while the disk is
    /// full, or if none is ready.
    pub(super) fn want(&mut self, needed: u64) {
        assert!(needed >= BLOCK, "a segment of {needed} bytes has no space for its header");
        if self.ready.is_some() && self.failed.is_none() {
            self.len_min = 2 * needed;
        }
    }

    /// Returns the error that explains why there is no segment.
    pub(super) fn no_space(&self) -> StorageError {
        self.failed.clone().map_or(StorageError::NotReady, StorageError::Full)
    }

    /// Takes over a segment that the journal no longer needs.
    pub(super) fn dropped(&mut self, segment: Segment) {
        let number = segment.header.number;
        assert!(self.dropped.back().is_none_or(|last| last.number < number), "the oldest go first");
        self.dropped.push_back(Dropped { number, segment: Some(segment) });
    }

    /// Returns whether there is nothing to do: a job is in flight, or waits for [`retry`](Self::retry), or the next
    /// segment is ready and no other is to be removed. This is a cheap check for every turn, before the length of a
    /// segment is computed.
    pub(super) fn is_idle(&self) -> bool {
        let ready = self.ready.is_some() && self.len_min == 0;
        self.busy || self.stalled || ready && self.dropped.is_empty()
    }

    /// Returns the next job, or `None` while one is in flight or none is needed. After a failure it returns only jobs
    /// that may free space, until [`retry`](Self::retry). `next` describes the next segment. This function chooses
    /// its salt and whether it is recycled, and may make it longer.
    pub(super) fn next(
        &mut self,
        disk: &Arc<dyn Disk>,
        next: SegmentHeader,
        salts: &mut fastrand::Rng,
    ) -> Option<Preallocation> {
        assert!(!self.stalled || self.failed.is_some(), "removals wait, and nothing has failed");
        if self.busy || self.stalled {
            return None;
        }
        let work = self.next_creation(next, salts).or_else(|| self.next_removal())?;
        self.busy = true;
        Some(Preallocation { disk: disk.clone(), work })
    }

    fn next_creation(&mut self, next: SegmentHeader, salts: &mut fastrand::Rng) -> Option<Work> {
        // A file that could not be reused may still exist. It is removed before any later file.
        let unusable = self.dropped.front().is_some_and(|front| front.segment.is_none());
        if unusable || (self.ready.is_some() && self.len_min == 0) {
            return None;
        }
        let len = align_up(next.len.max(self.len_min).clamp(SEGMENT_LEN_MIN, SEGMENT_LEN_MAX));
        let recycled = self.recyclable(len);
        if recycled.is_none() && self.failed.is_some() {
            return None;
        }
        let header = SegmentHeader { salt: salts.u64(..), len, recycled: recycled.is_some(), ..next };
        assert!(recycled.is_none_or(|number| number < header.number), "what is used again lies behind");
        let shorter = self.ready.as_ref();
        assert!(
            shorter.is_none_or(|ready| ready.header.number == header.number),
            "one segment is preallocated"
        );
        let (head, checksum) = header.encode();
        let replaces = self.ready.take().map(Box::new);
        let creation = Creation { number: header.number, len, head, recycled };
        Some(Work::Create { creation, header, checksum, replaces })
    }

    fn next_removal(&mut self) -> Option<Work> {
        let number = self.removable().then(|| self.dropped.pop_front())??.number;
        let next = self.dropped.front().map(|dropped| dropped.number);
        assert!(next.is_none_or(|next| number < next), "{number} is removed after {next:?}");
        Some(Work::Remove { number })
    }

    /// Handles the result of a job.
    pub(super) fn preallocated(&mut self, done: Preallocated) {
        assert!(self.busy, "one preallocation at a time");
        assert!(!self.stalled, "a job was begun although a removal had failed");
        self.busy = false;
        let (error, unfinished) = match done.0 {
            JobResult::Created { segment: Ok(segment), .. } => {
                let wanted = self.len_min.min(SEGMENT_LEN_MAX);
                assert!(segment.header.len >= wanted, "{} bytes for {wanted}", segment.header.len);
                self.set_ready(segment);
                self.len_min = 0;
                (None, None)
            }
            JobResult::Created { segment: Err(error), recycled, kept } => {
                // If a longer one is still needed, the owner will ask for it again.
                (self.ready, self.len_min) = (kept, 0);
                (Some(error), recycled)
            }
            JobResult::Removed { result: Ok(()), .. } => (None, None),
            JobResult::Removed { number, result: Err(error) } => {
                self.stalled = true;
                (Some(error), Some(number))
            }
        };
        self.failed = error;
        if let Some(number) = unfinished {
            assert!(self.dropped.front().is_none_or(|front| number < front.number), "the oldest go first");
            self.dropped.push_front(Dropped { number, segment: None });
        }
    }

    /// Returns whether a preallocation failed and none has succeeded since.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Allows a failed job to be tried again.
    pub(super) fn retry(&mut self) {
        (self.failed, self.stalled) = (None, false);
    }

    /// Returns the number of the oldest dropped segment, if a segment of `len` bytes may overwrite its file: nothing
    /// reads from it any more.
    fn recyclable(&mut self, len: u64) -> Option<u64> {
        let segment = self.dropped.front()?.segment.as_ref()?;
        if segment.header.len != len || segment.is_held() {
            return None;
        }
        self.dropped.pop_front().map(|dropped| dropped.number)
    }

    /// Returns whether the oldest dropped segment should be removed. One is kept for reuse, unless space is short.
    fn removable(&self) -> bool {
        let unusable = self.dropped.front().is_some_and(|front| front.segment.is_none());
        unusable || self.dropped.len() > 1 || (self.failed.is_some() && !self.dropped.is_empty())
    }
}

/// Creates the very first segment at once. No loop runs yet that it could block.
pub(super) fn create_first(disk: &dyn Disk, header: SegmentHeader) -> Result<Segment, DiskError> {
    assert_eq!((header.number, header.base), (0, Position(0)), "a journal begins with its first segment");
    let (head, checksum) = header.encode();
    let creation = Creation { number: header.number, len: header.len, head, recycled: None };
    let region: Arc<dyn Region> = disk.create(&creation)?;
    Ok(Segment { header, checksum, region })
}
