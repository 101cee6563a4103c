//! A simulated disk that records what is flushed in an [`Image`]. A flush can be interrupted between its write and
//! its sync.

use super::image::{Entry, Image, Replaced, frames_of};
use super::violation::Violation;
use crate::codec::frame::{Frame, Kind};
use crate::codec::ids::{GroupId, Index, MemberId};
use crate::storage::{Creation, Disk, DiskError, Fault, Region, SimulatedDisk, StorageError};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The way in which a process or a machine ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The process was killed: written data stays in the cache of the system.
    Killed,
    /// The power was cut: each sector that was not synced is kept, lost or garbled.
    PowerCut(u64),
}

/// The disk of one member. It outlives the member's processes.
#[derive(Debug)]
pub(super) struct WatchedDisk {
    disk: SimulatedDisk,
    watch: Arc<Mutex<Watch>>,
}

#[derive(Debug)]
struct Watch {
    member: MemberId,
    image: Image,
    /// Frames that are written and not synced yet.
    written: Vec<Bytes>,
    replaced: Vec<Replaced>,
    /// The last batch of frames, if nothing was written after it.
    newest: Option<Newest>,
    /// The first contradiction in what was flushed.
    violation: Option<Violation>,
    /// The process ends before its next sync.
    broken_off: bool,
    segments: u64,
}

/// A batch that was written. It is flushed unless its frames are still in `Watch::written`.
#[derive(Clone, Debug)]
struct Newest {
    number: u64,
    offset: u64,
    len: u64,
    frames: Vec<Bytes>,
    /// The batch replaced earlier entries.
    replaces: bool,
    /// The commit index of each group before the batch.
    commits: BTreeMap<GroupId, Index>,
}

/// An entry that is lost with the last batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lost {
    pub group: GroupId,
    pub index: Index,
    pub entry: Entry,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl WatchedDisk {
    /// Creates an empty disk.
    pub(super) fn new(member: MemberId) -> WatchedDisk {
        let watch = Watch {
            member,
            image: Image::default(),
            written: Vec::new(),
            replaced: Vec::new(),
            newest: None,
            violation: None,
            broken_off: false,
            segments: 0,
        };
        WatchedDisk { disk: SimulatedDisk::default(), watch: Arc::new(Mutex::new(watch)) }
    }

    /// Calls `look` with what is durable.
    pub(super) fn with_image<T>(&self, look: impl FnOnce(&Image) -> T) -> T {
        look(&lock(&self.watch).image)
    }

    /// Returns the durable entries that were replaced since the last call, or the first contradiction on the disk.
    pub(super) fn take_replaced(&self) -> Result<Vec<Replaced>, Violation> {
        let mut watch = lock(&self.watch);
        match watch.violation.take() {
            Some(violation) => Err(violation),
            None => Ok(std::mem::take(&mut watch.replaced)),
        }
    }

    /// Lets the next operation of the fault's kind fail.
    pub(super) fn inject(&self, fault: Fault) {
        self.disk.inject(fault);
    }

    /// Cancels all injected faults.
    pub(super) fn heal(&self) {
        self.disk.heal();
    }

    /// Lets the next write reach the cache, without a sync after it.
    pub(super) fn break_off(&self) {
        lock(&self.watch).broken_off = true;
    }

    /// Returns the number of segments created since the beginning.
    pub(super) fn segments(&self) -> u64 {
        lock(&self.watch).segments
    }

    /// Ends the process that held the disk.
    pub(super) fn end(&self, end: End) {
        self.disk.heal();
        match end {
            End::Killed => self.disk.kill(),
            End::PowerCut(seed) => self.disk.crash(seed),
        }
        lock(&self.watch).broken_off = false;
    }

    /// Returns what is certainly flushed, and the same with the write that was in flight. Recovery must find one of
    /// the two. Clears the write in flight.
    pub(super) fn candidates(&self) -> Result<(Image, Image), Violation> {
        let mut watch = lock(&self.watch);
        let (flushed, mut more) = (watch.image.clone(), watch.image.clone());
        let written = std::mem::take(&mut watch.written);
        more.flush(watch.member, &written, &mut Vec::new())?;
        Ok((flushed, more))
    }

    /// Sets the durable contents to what recovery found.
    pub(super) fn set_image(&self, image: Image) {
        let mut watch = lock(&self.watch);
        (watch.image, watch.newest) = (image, None);
    }

    /// Returns the entries that a damaged last batch would lose. Returns none unless the batch holds nothing but new
    /// entries: otherwise a vote would be lost too, or the entries that it replaced would come back. No process may
    /// hold the disk. Recovery will take the damage for a torn tail.
    pub(super) fn last_entries(&self) -> Result<Vec<Lost>, Violation> {
        let watch = lock(&self.watch);
        let newest = watch.newest.as_ref().filter(|newest| watch.written.is_empty() && !newest.replaces);
        let mut lost = Vec::new();
        for chunk in newest.iter().flat_map(|newest| &newest.frames) {
            for frame in Frame::all_trusted(chunk) {
                let frame = frame.map_err(Violation::Unreadable)?;
                let (group, index) = (frame.header.group, frame.header.index);
                match frame.header.kind {
                    Kind::Vote => return Ok(Vec::new()),
                    Kind::Commit => continue,
                    _ => {}
                }
                lost.push(Lost { group, index, entry: Entry::of(&frame) });
            }
        }
        Ok(lost)
    }

    /// Flips a bit of the last batch, and removes the entries in `lost` from the image.
    pub(super) fn rot(&self, lost: &[Lost], random: &mut fastrand::Rng) {
        let mut watch = lock(&self.watch);
        let Some(newest) = watch.newest.take() else { return };
        let offset = newest.offset + random.u64(0..newest.len);
        self.disk.corrupt(newest.number, offset, 1 << random.u8(0..8));
        for lost in lost.iter().rev() {
            watch.image.cut(lost.group, lost.index);
        }
        watch.image.forget(&newest.commits);
    }
}

impl Disk for WatchedDisk {
    fn list(&self) -> Result<Vec<u64>, StorageError> {
        self.disk.list()
    }

    fn create(&self, creation: &Creation) -> Result<Arc<dyn Region>, DiskError> {
        let region = self.disk.create(creation)?;
        lock(&self.watch).segments += 1;
        Ok(Arc::new(WatchedRegion { number: creation.number, region, watch: self.watch.clone() }))
    }

    fn open(&self, number: u64) -> Result<Arc<dyn Region>, DiskError> {
        let region = self.disk.open(number)?;
        Ok(Arc::new(WatchedRegion { number, region, watch: self.watch.clone() }))
    }

    fn remove(&self, number: u64) -> Result<(), DiskError> {
        self.disk.remove(number)
    }
}

#[derive(Debug)]
struct WatchedRegion {
    number: u64,
    region: Arc<dyn Region>,
    watch: Arc<Mutex<Watch>>,
}

impl fmt::Display for WatchedRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.region.fmt(f)
    }
}

impl Region for WatchedRegion {
    fn len(&self) -> u64 {
        self.region.len()
    }

    fn write(&self, offset: u64, chunks: &[Bytes]) -> Result<(), DiskError> {
        let frames = frames_of(chunks);
        let len = chunks.iter().map(|chunk| chunk.len() as u64).sum();
        let (number, mut watch) = (self.number, lock(&self.watch));
        let commits = watch.image.commits();
        let newest = Newest { number, offset, len, frames: frames.clone(), replaces: false, commits };
        watch.written.extend(frames);
        watch.newest = Some(newest);
        drop(watch);
        self.region.write(offset, chunks)
    }

    fn sync(&self) -> Result<(), DiskError> {
        let mut watch = lock(&self.watch);
        if watch.broken_off {
            return Err(DiskError::new("syncing", self, io::Error::other("the process ended")));
        }
        self.region.sync()?;
        let Watch { member, image, written, replaced, violation, newest, .. } = &mut *watch;
        let before = replaced.len();
        let flushed = image.flush(*member, &std::mem::take(written), replaced);
        if let Some(newest) = newest {
            newest.replaces |= replaced.len() > before;
        }
        *violation = violation.take().or(flushed.err());
        Ok(())
    }

    fn refresh(&self) -> Result<(), DiskError> {
        self.region.refresh()
    }

    fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), DiskError> {
        self.region.read(offset, into)
    }

    fn slice(self: Arc<Self>, offset: u64, len: usize) -> Result<Bytes, DiskError> {
        self.region.clone().slice(offset, len)
    }
}
