//! A disk with slower flushes, to measure a member on slower disks.

use super::{Creation, Disk, Region, copy};
use crate::storage::error::{DiskError, StorageError};
use bytes::Bytes;
use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// A disk on which each flush of a region takes at least `to`.
#[derive(Debug)]
pub(crate) struct SlowedDisk {
    disk: Arc<dyn Disk>,
    to: Duration,
}

impl SlowedDisk {
    /// Returns a slowed disk.
    pub(crate) fn new(disk: Arc<dyn Disk>, to: Duration) -> SlowedDisk {
        SlowedDisk { disk, to }
    }

    fn slow(&self, region: Arc<dyn Region>) -> Arc<dyn Region> {
        Arc::new(SlowedRegion { region, to: self.to })
    }
}

impl Disk for SlowedDisk {
    fn list(&self) -> Result<Vec<u64>, StorageError> {
        self.disk.list()
    }

    fn create(&self, creation: &Creation) -> Result<Arc<dyn Region>, DiskError> {
        self.disk.create(creation).map(|region| self.slow(region))
    }

    fn open(&self, number: u64) -> Result<Arc<dyn Region>, DiskError> {
        self.disk.open(number).map(|region| self.slow(region))
    }

    fn remove(&self, number: u64) -> Result<(), DiskError> {
        self.disk.remove(number)
    }
}

#[derive(Debug)]
struct SlowedRegion {
    region: Arc<dyn Region>,
    to: Duration,
}

impl fmt::Display for SlowedRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.region.fmt(f)
    }
}

impl Region for SlowedRegion {
    fn len(&self) -> u64 {
        self.region.len()
    }

    fn write(&self, offset: u64, chunks: &[Bytes]) -> Result<(), DiskError> {
        self.region.write(offset, chunks)
    }

    fn sync(&self) -> Result<(), DiskError> {
        let began = Instant::now();
        let synced = self.region.sync();
        thread::sleep(self.to.saturating_sub(began.elapsed()));
        synced
    }

    fn refresh(&self) -> Result<(), DiskError> {
        self.region.refresh()
    }

    fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), DiskError> {
        self.region.read(offset, into)
    }

    fn slice(self: Arc<Self>, offset: u64, len: usize) -> Result<Bytes, DiskError> {
        // A slice of the inner region would not hold this one.
        copy(&*self, offset, len)
    }
}
