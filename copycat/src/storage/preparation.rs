//! The segments before and behind those in use: prepared ahead, recycled, removed. All of it blocks,
//! so all of it is handed out as jobs.

use super::checkpoint;
use super::disk::{Creation, Disk, Region};
use super::error::{DiskError, StorageError};
use super::journal::{Journal, SEGMENT_LEN_MAX, SEGMENT_LEN_MIN};
use super::position::{BLOCK, align_up};
use super::segment::{Segment, SegmentHeader};
use std::collections::VecDeque;
use std::sync::Arc;

/// Work on segments that are not in use. Dropped without being run, it leaves the journal waiting for
/// it for ever.
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
        /// The segment of the same number that is too short. It is given up when the longer one is there, and not
        /// before: on a full disk it serves as far as it goes.
        replaces: Option<Box<Segment>>,
    },
    Remove {
        number: u64,
    },
}

/// A preparation that has ended, well or not.
#[derive(Debug)]
#[must_use = "the journal has to learn of it"]
pub(crate) struct Prepared(Outcome);

#[derive(Debug)]
enum Outcome {
    Created { segment: Result<Segment, DiskError>, recycled: Option<u64>, kept: Option<Segment> },
    Removed { number: u64, result: Result<(), DiskError> },
}

impl Preparation {
    /// Creates or removes a segment: blocks while a whole segment is written and flushed.
    pub(crate) fn run(self) -> Prepared {
        Prepared(match self.work {
            Work::Create { creation, header, checksum, replaces } => {
                let segment = self.disk.create(&creation).map(|region| Segment { header, checksum, region });
                let kept =
                    replaces.map(|old| *old).filter(|old| segment.is_err() && is_there(&*self.disk, old));
                Outcome::Created { segment, recycled: creation.recycled, kept }
            }
            Work::Remove { number } => Outcome::Removed { number, result: self.disk.remove(number) },
        })
    }
}

/// Whether a segment is still the one of its number. If it is not, another was put in its place, and only whether
/// that lasts is unknown: nothing may be written to either.
fn is_there(disk: &dyn Disk, segment: &Segment) -> bool {
    let mut block = vec![0; BLOCK as usize];
    let read = disk.open(segment.header.number).and_then(|region| region.read(0, &mut block));
    read.is_ok() && SegmentHeader::parse(&block).is_ok_and(|(_, checksum)| checksum == segment.checksum)
}

/// A segment that is no longer part of the journal but still on the disk.
#[derive(Debug)]
struct Dropped {
    number: u64,
    /// `None` once an attempt to recycle it failed: whether its file is still there is unknown.
    segment: Option<Segment>,
}

/// Where the next segment comes from, and where the dropped ones go.
#[derive(Debug, Default)]
pub(super) struct Preparer {
    ready: Option<Segment>,
    /// A job is under way.
    busy: bool,
    /// A removal failed: nothing is offered until somebody asks for another try.
    stalled: bool,
    failed: Option<DiskError>,
    /// Bytes the next segment must have because the one that is ready is too short; 0: it is not.
    len_min: u64,
    /// Oldest first. They go strictly in this order: segments on the disk are consecutive at any time.
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
        self.ready = Some(segment);
    }

    /// Takes the ready segment if its length will do; otherwise a [longer one](Self::want) has to be prepared.
    pub(super) fn take(&mut self, will_do: impl Fn(u64) -> bool, needed: u64) -> Option<Segment> {
        let segment = self.ready.take_if(|segment| will_do(segment.header.len));
        if segment.is_none() {
            self.want(needed);
        }
        segment
    }

    /// If a segment is ready, one that can hold twice `needed` bytes has to be prepared in its place; not while the
    /// disk is known to be full.
    pub(super) fn want(&mut self, needed: u64) {
        if self.ready.is_some() && self.failed.is_none() {
            self.len_min = 2 * needed;
        }
    }

    /// Why there is no segment.
    pub(super) fn no_room(&self) -> StorageError {
        self.failed.clone().map_or(StorageError::NotReady, StorageError::Full)
    }

    /// Takes over a segment that nothing needs any more.
    pub(super) fn dropped(&mut self, segment: Option<Segment>) {
        self.dropped
            .extend(segment.map(|segment| Dropped { number: segment.header.number, segment: Some(segment) }));
    }

    /// The oldest dropped segment, if its file may be overwritten by a segment of `len` bytes. What it
    /// returns nobody else can reach any more.
    fn recyclable(&mut self, len: u64) -> Option<u64> {
        let segment = self.dropped.front()?.segment.as_ref()?;
        if segment.header.len != len || segment.is_held() {
            return None;
        }
        self.dropped.pop_front().map(|dropped| dropped.number)
    }

    /// Whether the oldest dropped segment should be removed: one that may serve again is kept, unless
    /// space is short.
    fn removable(&self) -> bool {
        let unusable = self.dropped.front().is_some_and(|front| front.segment.is_none());
        unusable || self.dropped.len() > 1 || (self.failed.is_some() && !self.dropped.is_empty())
    }
}

impl Journal {
    /// What to prepare next; `None` while a preparation is under way or none is needed. After a
    /// failure only what might free space, until `retry_preparation`.
    pub(crate) fn next_preparation(&mut self) -> Option<Preparation> {
        if self.preparer.busy || self.preparer.stalled || self.failed.is_some() {
            return None;
        }
        let work = self.next_work()?;
        self.preparer.busy = true;
        Some(Preparation { disk: self.disk.clone(), work })
    }

    fn next_work(&mut self) -> Option<Work> {
        // A file whose recycling failed may still be there: it goes before anything behind it does.
        let unusable = self.preparer.dropped.front().is_some_and(|front| front.segment.is_none());
        let too_short = self.preparer.len_min > 0;
        if (self.preparer.ready.is_none() || too_short) && !unusable {
            let len = self.segment_len();
            let recycled = self.preparer.recyclable(len);
            if recycled.is_some() || self.preparer.failed.is_none() {
                return Some(self.creation(len, recycled));
            }
        }
        let number = self.preparer.removable().then(|| self.preparer.dropped.pop_front())??.number;
        Some(Work::Remove { number })
    }

    fn creation(&mut self, len: u64, recycled: Option<u64>) -> Work {
        let (number, base) = (self.active().header.number + 1, self.active().end());
        let owner = self.options.owner;
        let header = SegmentHeader {
            number,
            salt: self.salts.u64(..),
            base,
            len,
            owner,
            recycled: recycled.is_some(),
        };
        let (head, checksum) = header.encode();
        let replaces = self.preparer.ready.take().map(Box::new);
        Work::Create { creation: Creation { number, len, head, recycled }, header, checksum, replaces }
    }

    /// Bytes of the next segment: as set, or more where the checkpoint would take a quarter of it.
    pub(super) fn segment_len(&self) -> u64 {
        let checkpoint = checkpoint::len(&self.groups);
        let len = self
            .options
            .len_of(self.active().header.number + 1)
            .max(self.preparer.len_min)
            .max(4 * checkpoint + 4 * BLOCK);
        align_up(len.clamp(SEGMENT_LEN_MIN, SEGMENT_LEN_MAX))
    }

    /// Takes note of the end of a preparation. A failure is remembered: entries that need a new
    /// segment are refused with `StorageError::Full` until a later preparation succeeds.
    pub(crate) fn prepared(&mut self, done: Prepared) {
        assert!(self.preparer.busy, "one preparation at a time");
        self.preparer.busy = false;
        let (error, unfinished) = match done.0 {
            Outcome::Created { segment: Ok(segment), .. } => {
                self.preparer.set_ready(segment);
                self.preparer.len_min = 0;
                (None, None)
            }
            Outcome::Created { segment: Err(error), recycled, kept } => {
                // Whoever needs a longer one still asks again.
                (self.preparer.ready, self.preparer.len_min) = (kept, 0);
                (Some(error), recycled)
            }
            Outcome::Removed { result: Ok(()), .. } => (None, None),
            Outcome::Removed { number, result: Err(error) } => {
                self.preparer.stalled = true;
                (Some(error), Some(number))
            }
        };
        self.preparer.failed = error;
        if let Some(number) = unfinished {
            self.preparer.dropped.push_front(Dropped { number, segment: None });
        }
    }

    /// Whether entries are refused, or soon will be, because a preparation failed.
    pub(crate) fn is_full(&self) -> bool {
        self.preparer.failed.is_some()
    }

    /// Lets a preparation that failed be offered again. To be called now and then while
    /// [`is_full`](Journal::is_full).
    pub(crate) fn retry_preparation(&mut self) {
        (self.preparer.failed, self.preparer.stalled) = (None, false);
    }
}

/// Creates the very first segment, at once: there is nothing yet that could wait for a job.
pub(super) fn create_first(disk: &dyn Disk, header: SegmentHeader) -> Result<Segment, DiskError> {
    let (head, checksum) = header.encode();
    let creation = Creation { number: header.number, len: header.len, head, recycled: None };
    let region: Arc<dyn Region> = disk.create(&creation)?;
    Ok(Segment { header, checksum, region })
}
