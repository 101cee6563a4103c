//! The segments that are not in use: the next one, which is prepared ahead, and those that are no longer needed.
//! Creating and removing segments blocks, so both are jobs for another thread.

use super::disk::{Creation, Disk, Region};
use super::error::{DiskError, StorageError};
use super::options::{SEGMENT_LEN_MAX, SEGMENT_LEN_MIN};
use super::position::{BLOCK, Position, align_up};
use super::segment::{Segment, SegmentHeader};
use std::collections::VecDeque;
use std::sync::Arc;

/// A job: a segment to be created or removed. If it is dropped instead of run, no segment is ever prepared again.
#[derive(Debug)]
#[must_use = "no segment is prepared until this is run"]
pub(crate) struct Preparation {
    disk: Arc<dyn Disk>,
    work: Work,
}

#[derive(Debug)]
enum Work {
    Create {
        creation: Creation,
        header: SegmentHeader,
        checksum: u32,
        /// The segment of the same number that is too short. It is kept until the longer one is there: on a full disk
        /// it is better than none.
        replaces: Option<Box<Segment>>,
    },
    Remove {
        number: u64,
    },
}

/// A job that has ended, with or without success.
#[derive(Debug)]
#[must_use = "the journal has to learn of it"]
pub(crate) struct Prepared(JobResult);

#[derive(Debug)]
enum JobResult {
    Created { segment: Result<Segment, DiskError>, recycled: Option<u64>, kept: Option<Segment> },
    Removed { number: u64, result: Result<(), DiskError> },
}

impl Preparation {
    /// Creates or removes a segment. Blocks while a whole segment is written and flushed.
    pub(crate) fn run(self) -> Prepared {
        Prepared(match self.work {
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

/// Whether the file of this number is still this segment. If not, another has taken its place, and may be lost in a
/// crash: nothing may be written to either of the two.
fn is_there(disk: &dyn Disk, segment: &Segment) -> bool {
    let mut block = vec![0; BLOCK as usize];
    let read = disk.open(segment.header.number).and_then(|region| region.read(0, &mut block));
    read.is_ok() && SegmentHeader::parse(&block).is_ok_and(|(_, checksum)| checksum == segment.checksum)
}

/// A segment that is no longer part of the journal but still on the disk.
#[derive(Debug)]
struct Dropped {
    number: u64,
    /// `None` if an attempt to use it again failed: its file may still be there or not.
    segment: Option<Segment>,
}

/// Where the next segment comes from, and where the dropped ones go.
#[derive(Debug, Default)]
pub(super) struct Preparer {
    ready: Option<Segment>,
    /// A job is under way.
    busy: bool,
    /// A removal failed: there are no jobs until the owner asks for another try.
    stalled: bool,
    failed: Option<DiskError>,
    /// Bytes that the next segment must have, because the one that is ready is too short; 0 if it is not.
    len_min: u64,
    /// Oldest first. They are removed in this order, so that the numbers of the files are consecutive at any time.
    dropped: VecDeque<Dropped>,
}

impl Preparer {
    /// The segment that is ready for use.
    pub(super) fn ready(&self) -> Option<&Segment> {
        self.ready.as_ref()
    }

    /// A segment found by recovery that has no batches yet.
    pub(super) fn set_ready(&mut self, segment: Segment) {
        assert!(self.ready.is_none(), "one segment is prepared ahead");
        let newest = self.dropped.back().map(|dropped| dropped.number);
        assert!(
            newest.is_none_or(|newest| newest < segment.header.number),
            "{newest:?} was dropped behind it"
        );
        self.ready = Some(segment);
    }

    /// Takes the segment that is ready, if its length will do. Otherwise a [longer one](Self::want) has to be
    /// prepared.
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
        assert!(needed >= BLOCK, "a segment of {needed} bytes has no room for its header");
        if self.ready.is_some() && self.failed.is_none() {
            self.len_min = 2 * needed;
        }
    }

    /// Why there is no segment.
    pub(super) fn no_room(&self) -> StorageError {
        self.failed.clone().map_or(StorageError::NotReady, StorageError::Full)
    }

    /// Takes over a segment that nothing needs any more.
    pub(super) fn dropped(&mut self, segment: Segment) {
        let number = segment.header.number;
        assert!(self.dropped.back().is_none_or(|last| last.number < number), "the oldest go first");
        self.dropped.push_back(Dropped { number, segment: Some(segment) });
    }

    /// Whether there is nothing to do: a job is under way, or the next segment is ready and no other is to be removed.
    /// Asked in every turn, before anybody finds out how long a segment would have to be.
    pub(super) fn is_content(&self) -> bool {
        let ready = self.ready.is_some() && self.len_min == 0;
        self.busy || self.stalled || ready && self.dropped.is_empty()
    }

    /// What to do next; `None` while a job is under way or none is needed. After a failure only what might free space,
    /// until [`retry`](Self::retry). `next` describes the next segment; its salt, and whether it is a recycled one, are
    /// found here, and it may be longer.
    pub(super) fn next(
        &mut self,
        disk: &Arc<dyn Disk>,
        next: SegmentHeader,
        salts: &mut fastrand::Rng,
    ) -> Option<Preparation> {
        assert!(!self.stalled || self.failed.is_some(), "removals wait, and nothing has failed");
        if self.busy || self.stalled {
            return None;
        }
        let work = self.next_creation(next, salts).or_else(|| self.next_removal())?;
        self.busy = true;
        Some(Preparation { disk: disk.clone(), work })
    }

    fn next_creation(&mut self, next: SegmentHeader, salts: &mut fastrand::Rng) -> Option<Work> {
        // A file that could not be used again may still be there. It is removed before any file behind it.
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
            "one segment is prepared ahead"
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

    /// Takes note of the end of a job.
    pub(super) fn prepared(&mut self, done: Prepared) {
        assert!(self.busy, "one preparation at a time");
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
                // If a longer one is still needed, it will be asked for again.
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

    /// Whether a preparation failed, and none has succeeded since.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Lets what failed be tried again.
    pub(super) fn retry(&mut self) {
        (self.failed, self.stalled) = (None, false);
    }

    /// The number of the oldest dropped segment, if a segment of `len` bytes may overwrite its file: nobody reads
    /// from it any more.
    fn recyclable(&mut self, len: u64) -> Option<u64> {
        let segment = self.dropped.front()?.segment.as_ref()?;
        if segment.header.len != len || segment.is_held() {
            return None;
        }
        self.dropped.pop_front().map(|dropped| dropped.number)
    }

    /// Whether the oldest dropped segment should be removed. One is kept to be used again, unless space is short.
    fn removable(&self) -> bool {
        let unusable = self.dropped.front().is_some_and(|front| front.segment.is_none());
        unusable || self.dropped.len() > 1 || (self.failed.is_some() && !self.dropped.is_empty())
    }
}

/// Creates the very first segment at once. There is no loop yet that a job could hold up.
pub(super) fn create_first(disk: &dyn Disk, header: SegmentHeader) -> Result<Segment, DiskError> {
    assert_eq!((header.number, header.base), (0, Position(0)), "a journal begins with its first segment");
    let (head, checksum) = header.encode();
    let creation = Creation { number: header.number, len: header.len, head, recycled: None };
    let region: Arc<dyn Region> = disk.create(&creation)?;
    Ok(Segment { header, checksum, region })
}
