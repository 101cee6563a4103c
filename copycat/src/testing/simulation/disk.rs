//! A simulated disk that is watched: whatever is flushed is entered into an [`Image`], and a flush can
//! be broken off between its write and its sync.

use super::image::{Image, Replaced, frames_of};
use super::violation::Violation;
use crate::codec::ids::MemberId;
use crate::storage::{Creation, Disk, DiskError, Fault, Region, SimulatedDisk, StorageError};
use bytes::Bytes;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How a process or a machine ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The process was killed: what was written stays in the system's cache.
    Killed,
    /// The power was cut: of what was not synced, each sector is kept, lost or garbled.
    PowerCut(u64),
}

/// The disk of one member; outlives its processes.
#[derive(Debug)]
pub(super) struct WatchedDisk {
    disk: SimulatedDisk,
    watch: Arc<Mutex<Watch>>,
}

#[derive(Debug)]
struct Watch {
    member: MemberId,
    image: Image,
    /// Frames that were written and not synced yet.
    written: Vec<Bytes>,
    replaced: Vec<Replaced>,
    /// The first contradiction among what was flushed.
    violation: Option<Violation>,
    /// The process dies before its next sync.
    broken_off: bool,
    segments: u64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl WatchedDisk {
    /// An empty disk.
    pub(super) fn new(member: MemberId) -> WatchedDisk {
        let watch = Watch {
            member,
            image: Image::default(),
            written: Vec::new(),
            replaced: Vec::new(),
            violation: None,
            broken_off: false,
            segments: 0,
        };
        WatchedDisk { disk: SimulatedDisk::default(), watch: Arc::new(Mutex::new(watch)) }
    }

    /// Looks at what is durable.
    pub(super) fn with_image<T>(&self, look: impl FnOnce(&Image) -> T) -> T {
        look(&lock(&self.watch).image)
    }

    /// Durable entries that were replaced since the last call, and what contradicts itself on the disk.
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

    /// Whatever was to fail will not.
    pub(super) fn heal(&self) {
        self.disk.heal();
    }

    /// The next write reaches the cache, and no sync follows it.
    pub(super) fn break_off(&self) {
        lock(&self.watch).broken_off = true;
    }

    /// Segments created since the beginning.
    pub(super) fn segments(&self) -> u64 {
        lock(&self.watch).segments
    }

    /// The process that held the disk has ended.
    pub(super) fn end(&self, end: End) {
        self.disk.heal();
        match end {
            End::Killed => self.disk.kill(),
            End::PowerCut(seed) => self.disk.crash(seed),
        }
        lock(&self.watch).broken_off = false;
    }

    /// What was flushed for certain, and the same with the write that was under way; what is recovered
    /// must be one of the two. Nothing is under way any more.
    pub(super) fn candidates(&self) -> Result<(Image, Image), Violation> {
        let mut watch = lock(&self.watch);
        let (flushed, mut more) = (watch.image.clone(), watch.image.clone());
        let written = std::mem::take(&mut watch.written);
        more.flush(watch.member, &written, &mut Vec::new())?;
        Ok((flushed, more))
    }

    /// What recovery found is durable from now on.
    pub(super) fn set_image(&self, image: Image) {
        lock(&self.watch).image = image;
    }
}

impl Disk for WatchedDisk {
    fn list(&self) -> Result<Vec<u64>, StorageError> {
        self.disk.list()
    }

    fn create(&self, creation: &Creation) -> Result<Arc<dyn Region>, DiskError> {
        let region = self.disk.create(creation)?;
        lock(&self.watch).segments += 1;
        Ok(Arc::new(WatchedRegion { region, watch: self.watch.clone() }))
    }

    fn open(&self, number: u64) -> Result<Arc<dyn Region>, DiskError> {
        let region = self.disk.open(number)?;
        Ok(Arc::new(WatchedRegion { region, watch: self.watch.clone() }))
    }

    fn remove(&self, number: u64) -> Result<(), DiskError> {
        self.disk.remove(number)
    }
}

#[derive(Debug)]
struct WatchedRegion {
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
        lock(&self.watch).written.extend(frames_of(chunks));
        self.region.write(offset, chunks)
    }

    fn sync(&self) -> Result<(), DiskError> {
        let mut watch = lock(&self.watch);
        if watch.broken_off {
            return Err(DiskError::new("syncing", self, io::Error::other("the process ended")));
        }
        self.region.sync()?;
        let Watch { member, image, written, replaced, violation, .. } = &mut *watch;
        let flushed = image.flush(*member, &std::mem::take(written), replaced);
        *violation = violation.take().or(flushed.err());
        Ok(())
    }

    fn refresh(&self) -> Result<(), DiskError> {
        self.region.refresh()
    }

    fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), DiskError> {
        self.region.read(offset, into)
    }

    fn slice(self: Arc<Self>, offset: u64, len: usize) -> Bytes {
        self.region.clone().slice(offset, len)
    }
}
