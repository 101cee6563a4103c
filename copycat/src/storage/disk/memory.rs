//! Regions in memory: for ephemeral resources and tests. A sync is free, and nothing survives the process. A region
//! takes memory for the bytes written, not for its length.

use super::{Creation, Disk, Region, copy, lock};
use crate::storage::error::{DiskError, StorageError};
use crate::storage::position::BLOCK;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

/// A disk whose regions are lost with the last handle to it.
#[derive(Debug, Default)]
pub(crate) struct MemoryDisk {
    /// The contents of all regions. A region is a handle to its contents.
    contents: Mutex<BTreeMap<u64, Arc<Contents>>>,
}

/// The chunks that were written, by offset. They are kept without a copy.
#[derive(Debug)]
struct Contents {
    len: u64,
    chunks: Mutex<BTreeMap<u64, Bytes>>,
}

impl MemoryDisk {
    fn contents(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Contents>>> {
        lock(&self.contents)
    }
}

impl Disk for MemoryDisk {
    fn list(&self) -> Result<Vec<u64>, StorageError> {
        Ok(self.contents().keys().copied().collect())
    }

    fn create(&self, creation: &Creation) -> Result<Arc<dyn Region>, DiskError> {
        let Creation { number, len, .. } = *creation;
        assert!(creation.head.len() as u64 <= len, "the head of segment {number} is longer than it");
        let chunks = Mutex::new(BTreeMap::from([(0, creation.head.clone())]));
        let contents = Arc::new(Contents { len, chunks });
        let mut all = self.contents();
        let recycled = creation.recycled.and_then(|recycled| all.remove(&recycled));
        assert!(recycled.is_none_or(|old| old.len == len), "only regions of the same length are recycled");
        all.insert(number, contents.clone());
        Ok(Arc::new(MemoryRegion { number, contents }))
    }

    fn open(&self, number: u64) -> Result<Arc<dyn Region>, DiskError> {
        match self.contents().get(&number) {
            Some(contents) => Ok(Arc::new(MemoryRegion { number, contents: contents.clone() })),
            None => Err(DiskError::new("opening", format!("segment {number}"), io::ErrorKind::NotFound)),
        }
    }

    fn remove(&self, number: u64) -> Result<(), DiskError> {
        self.contents().remove(&number);
        Ok(())
    }

    fn is_instant(&self) -> bool {
        true
    }
}

/// A handle to the contents of one region.
#[derive(Debug)]
struct MemoryRegion {
    number: u64,
    contents: Arc<Contents>,
}

impl MemoryRegion {
    fn chunks(&self) -> MutexGuard<'_, BTreeMap<u64, Bytes>> {
        lock(&self.contents.chunks)
    }
}

impl fmt::Display for MemoryRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "segment {} in memory", self.number)
    }
}

impl Region for MemoryRegion {
    fn len(&self) -> u64 {
        self.contents.len
    }

    fn write(&self, mut offset: u64, chunks: &[Bytes]) -> Result<(), DiskError> {
        assert!(offset.is_multiple_of(BLOCK), "what is written at {offset} begins between blocks");
        let mut written = self.chunks();
        for chunk in chunks.iter().filter(|chunk| !chunk.is_empty()) {
            // A batch overwrites at most what a cut tail left, never a part of a chunk that stays.
            let stale: Vec<_> =
                written.range(offset..offset + chunk.len() as u64).map(|(offset, _)| *offset).collect();
            stale.iter().for_each(|offset| drop(written.remove(offset)));
            written.insert(offset, chunk.clone());
            offset += chunk.len() as u64;
        }
        assert!(offset <= self.contents.len, "a region never grows");
        Ok(())
    }

    fn sync(&self) -> Result<(), DiskError> {
        Ok(())
    }

    fn refresh(&self) -> Result<(), DiskError> {
        Ok(())
    }

    fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), DiskError> {
        into.fill(0);
        let end = offset + into.len() as u64;
        assert!(end <= self.contents.len, "{offset} to {end} of {} are read", self.contents.len);
        let written = self.chunks();
        let first = written.range(..=offset).next_back().map_or(offset, |(at, _)| *at);
        for (at, chunk) in written.range(first..end) {
            let (from, to) = (offset.max(*at), end.min(at + chunk.len() as u64));
            if from < to {
                let source = &chunk[(from - at) as usize..(to - at) as usize];
                into[(from - offset) as usize..(to - offset) as usize].copy_from_slice(source);
            }
        }
        Ok(())
    }

    fn slice(self: Arc<Self>, offset: u64, len: usize) -> Result<Bytes, DiskError> {
        if let Some((at, chunk)) = self.chunks().range(..=offset).next_back() {
            let from = (offset - at) as usize;
            if from + len <= chunk.len() {
                return Ok(chunk.slice(from..from + len));
            }
        }
        copy(&*self, offset, len)
    }
}
