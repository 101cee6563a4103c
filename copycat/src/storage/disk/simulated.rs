//! A disk with a separate cache and medium, and simulated power failures.
//!
//! A crash keeps, drops or garbles each sector that was written and not yet synced, decided by a seed. Synced sectors
//! are never touched. Failures are injected one by one.

use super::{Creation, Disk, Region, copy, lock};
use crate::storage::error::{DiskError, StorageError};
use crate::storage::position::BLOCK;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Bytes that a medium writes as one unit.
const SECTOR: usize = 512;

/// A failure of the next operation of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The disk is full: the next creation fails.
    Full,
    /// The next write fails after some of its sectors reached the cache.
    Write,
    /// The next sync fails. As on Linux, unsynced sectors stay in the cache, look clean, and are never written: a
    /// second sync would succeed.
    Sync,
    /// The power fails during the next sync: the sync fails, and what it should have made durable stays as it is
    /// until [`SimulatedDisk::crash`], which must follow.
    Power,
}

/// The simulated disk, shared by clones of its `Arc`. A crash detaches the regions that the journals of the old
/// process hold: their later writes have no effect.
#[derive(Debug, Default)]
pub(crate) struct SimulatedDisk {
    state: Arc<Mutex<State>>,
    /// The contents of all regions. A region is a handle to its contents.
    regions: Mutex<BTreeMap<u64, Arc<Mutex<Images>>>>,
}

#[derive(Debug, Default)]
struct State {
    faults: VecDeque<Fault>,
}

impl State {
    fn take(&mut self, fault: Fault) -> bool {
        let at = self.faults.iter().position(|waiting| *waiting == fault);
        at.and_then(|at| self.faults.remove(at)).is_some()
    }
}

impl SimulatedDisk {
    /// Makes the next operation of the fault's kind fail, once.
    pub(crate) fn inject(&self, fault: Fault) {
        lock(&self.state).faults.push_back(fault);
    }

    /// Removes the faults that have not happened yet.
    pub(crate) fn heal(&self) {
        lock(&self.state).faults.clear();
    }

    /// Cuts the power: each sector written since its region's last sync is kept, dropped or garbled. The same seed
    /// has the same effect on the same disk.
    pub(crate) fn crash(&self, seed: u64) {
        let mut random = fastrand::Rng::with_seed(seed);
        // One choice per crash: everything in the cache survives, nothing does, or each sector is decided by itself.
        let (kept, garbled) =
            *random.choice(&[(0, 0), (100, 0), (50, 0), (90, 5), (45, 10)]).unwrap_or(&(0, 0));
        for images in lock(&self.regions).values_mut() {
            let survivor = lock(images).crashed(&mut random, kept, garbled);
            *images = Arc::new(Mutex::new(survivor));
        }
    }

    /// Ends the process, not the machine: caches survive, and regions are detached from their holders.
    pub(crate) fn kill(&self) {
        for images in lock(&self.regions).values_mut() {
            let survivor = lock(images).clone();
            *images = Arc::new(Mutex::new(survivor));
        }
    }

    /// Flips bits of one byte of a region, in cache and medium, to simulate bit rot.
    pub(crate) fn corrupt(&self, number: u64, offset: u64, mask: u8) {
        if let Some(images) = lock(&self.regions).get(&number) {
            let mut images = lock(images);
            Arc::make_mut(&mut images.cached)[offset as usize] ^= mask;
            Arc::make_mut(&mut images.durable)[offset as usize] ^= mask;
        }
    }

    /// Returns what the medium holds of a region.
    pub(crate) fn image(&self, number: u64) -> Option<Vec<u8>> {
        lock(&self.regions).get(&number).map(|images| lock(images).durable.to_vec())
    }

    /// Adds a region with these contents.
    pub(crate) fn place(&self, number: u64, bytes: &[u8]) {
        self.insert(number, bytes.to_vec());
    }

    fn insert(&self, number: u64, bytes: Vec<u8>) -> Arc<dyn Region> {
        let images = Arc::new(Mutex::new(Images::clean(bytes)));
        lock(&self.regions).insert(number, images.clone());
        Arc::new(SimulatedRegion::new(number, self.state.clone(), images))
    }
}

impl Disk for SimulatedDisk {
    fn list(&self) -> Result<Vec<u64>, StorageError> {
        Ok(lock(&self.regions).keys().copied().collect())
    }

    fn create(&self, creation: &Creation) -> Result<Arc<dyn Region>, DiskError> {
        if creation.recycled.is_none() && lock(&self.state).take(Fault::Full) {
            let file = format!("segment {}", creation.number);
            return Err(DiskError::new("allocating", file, io::ErrorKind::StorageFull));
        }
        let recycled = creation.recycled.and_then(|recycled| lock(&self.regions).remove(&recycled));
        let mut bytes = match recycled {
            Some(images) => lock(&images).cached.to_vec(),
            None => vec![0; creation.len as usize],
        };
        assert_eq!(bytes.len() as u64, creation.len, "only regions of the same length are recycled");
        bytes[..creation.head.len()].copy_from_slice(&creation.head);
        Ok(self.insert(creation.number, bytes))
    }

    fn open(&self, number: u64) -> Result<Arc<dyn Region>, DiskError> {
        let Some(images) = lock(&self.regions).get(&number).cloned() else {
            return Err(DiskError::new("opening", format!("segment {number}"), io::ErrorKind::NotFound));
        };
        Ok(Arc::new(SimulatedRegion::new(number, self.state.clone(), images)))
    }

    fn remove(&self, number: u64) -> Result<(), DiskError> {
        lock(&self.regions).remove(&number);
        Ok(())
    }
}

/// The contents of cache and medium. Equal contents are shared until one of them is written: crashes copy all
/// regions, and few of them change afterwards.
#[derive(Clone, Debug)]
struct Images {
    cached: Arc<Vec<u8>>,
    durable: Arc<Vec<u8>>,
    /// Sectors that a sync would have to write.
    dirty: BTreeSet<usize>,
}

impl Images {
    /// Returns images with equal contents in cache and medium.
    fn clean(bytes: Vec<u8>) -> Images {
        let durable = Arc::new(bytes);
        Images { cached: durable.clone(), durable, dirty: BTreeSet::new() }
    }

    /// Returns what the medium holds after a power failure.
    fn crashed(&self, random: &mut fastrand::Rng, kept: u8, garbled: u8) -> Images {
        let mut images = self.clone();
        for sector in std::mem::take(&mut images.dirty) {
            let range = sector * SECTOR..(sector + 1) * SECTOR;
            match random.u8(0..100) {
                fate if fate < kept => {
                    let Images { cached, durable, .. } = &mut images;
                    Arc::make_mut(durable)[range.clone()].copy_from_slice(&cached[range]);
                }
                fate if fate < kept + garbled => {
                    random.fill(&mut Arc::make_mut(&mut images.durable)[range]);
                }
                _ => {}
            }
        }
        images.cached = images.durable.clone();
        images
    }
}

#[derive(Debug)]
struct SimulatedRegion {
    number: u64,
    state: Arc<Mutex<State>>,
    images: Arc<Mutex<Images>>,
    /// Whether slices were returned, so that the region is not written again.
    is_sealed: AtomicBool,
}

impl SimulatedRegion {
    fn new(number: u64, state: Arc<Mutex<State>>, images: Arc<Mutex<Images>>) -> SimulatedRegion {
        SimulatedRegion { number, state, images, is_sealed: AtomicBool::new(false) }
    }

    fn failed(&self, operation: &'static str) -> DiskError {
        DiskError::new(operation, self, io::Error::other("injected"))
    }
}

impl fmt::Display for SimulatedRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "simulated segment {}", self.number)
    }
}

impl Region for SimulatedRegion {
    fn len(&self) -> u64 {
        lock(&self.images).cached.len() as u64
    }

    fn write(&self, offset: u64, chunks: &[Bytes]) -> Result<(), DiskError> {
        let fails = lock(&self.state).take(Fault::Write);
        let mut images = lock(&self.images);
        let len: usize = chunks.iter().map(Bytes::len).sum();
        assert!(
            offset.is_multiple_of(BLOCK) && (len as u64).is_multiple_of(BLOCK),
            "whole blocks are written"
        );
        assert!(!self.is_sealed.load(Ordering::Relaxed), "nothing is written to what was sealed");
        assert!(offset as usize + len <= images.cached.len(), "a region never grows");
        // Half of a failing write reaches the cache.
        let mut left = if fails { len / 2 / SECTOR * SECTOR } else { len };
        let mut at = offset as usize;
        images.dirty.extend(at / SECTOR..(at + left).div_ceil(SECTOR));
        let cached = Arc::make_mut(&mut images.cached);
        for chunk in chunks {
            let part = &chunk[..chunk.len().min(left)];
            cached[at..at + part.len()].copy_from_slice(part);
            (at, left) = (at + part.len(), left - part.len());
        }
        if fails { Err(self.failed("writing")) } else { Ok(()) }
    }

    fn sync(&self) -> Result<(), DiskError> {
        let mut state = lock(&self.state);
        let mut images = lock(&self.images);
        if state.take(Fault::Power) {
            return Err(self.failed("syncing"));
        }
        let dirty = std::mem::take(&mut images.dirty);
        if state.take(Fault::Sync) {
            return Err(self.failed("syncing"));
        }
        for sector in dirty {
            let range = sector * SECTOR..(sector + 1) * SECTOR;
            let Images { cached, durable, .. } = &mut *images;
            Arc::make_mut(durable)[range.clone()].copy_from_slice(&cached[range]);
        }
        Ok(())
    }

    fn refresh(&self) -> Result<(), DiskError> {
        let mut images = lock(&self.images);
        assert!(images.dirty.is_empty(), "refreshed after a sync");
        images.cached = images.durable.clone();
        Ok(())
    }

    fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), DiskError> {
        let at = offset as usize;
        into.copy_from_slice(&lock(&self.images).cached[at..at + into.len()]);
        Ok(())
    }

    fn slice(self: Arc<Self>, offset: u64, len: usize) -> Result<Bytes, DiskError> {
        self.is_sealed.store(true, Ordering::Relaxed);
        copy(&*self, offset, len)
    }
}
