//! The layer below the journal: numbered regions of fixed length. Two traits are its whole interface. Files, memory
//! and a simulated disk implement them, and no other code of this folder depends on which one is used.
//!
//! Nothing here knows frames, batches or groups. Begin with the traits, then [`file`].

mod direct;
pub(crate) mod file;
mod mapping;
pub(crate) mod memory;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod simulated;
pub(crate) mod slowed;

use super::error::{DiskError, StorageError};
use bytes::Bytes;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A request to create a region.
#[derive(Debug, Clone)]
pub(crate) struct Creation {
    /// The number of the region; a region with this number is replaced.
    pub number: u64,
    /// The length in bytes, which never changes.
    pub len: u64,
    /// The first bytes of the region.
    pub head: Bytes,
    /// The number of an obsolete region of the same length to reuse. Nothing may hold it. Its old contents stay
    /// readable after the head.
    pub recycled: Option<u64>,
}

/// Stores numbered regions. Every call may block; the journal calls these methods only from jobs and while it opens.
pub(crate) trait Disk: Send + Sync + fmt::Debug {
    /// Returns the numbers of all regions, ascending. Removes what an interrupted creation left.
    fn list(&self) -> Result<Vec<u64>, StorageError>;

    /// Creates a region with its blocks allocated and written, head included. All of it is durable on return. On
    /// failure, and after a crash at any time, the region is either complete or not listed; the recycled one may be
    /// gone.
    fn create(&self, creation: &Creation) -> Result<Arc<dyn Region>, DiskError>;

    /// Opens a region that [`list`](Disk::list) named. It must be [refreshed](Region::refresh) before it is written.
    fn open(&self, number: u64) -> Result<Arc<dyn Region>, DiskError>;

    /// Removes a region; the removal is durable on return. Slices of it stay valid.
    fn remove(&self, number: u64) -> Result<(), DiskError>;

    /// Returns whether writes and syncs are so short that they need no other thread.
    fn is_instant(&self) -> bool {
        false
    }
}

/// A sequence of bytes of fixed length; its `Display` names the file for people.
pub(crate) trait Region: Send + Sync + fmt::Debug + fmt::Display {
    /// Returns the length in bytes.
    fn len(&self) -> u64;

    /// Writes the chunks one after the other from `offset` on. Together they are whole blocks. After an error any
    /// part of them may be written.
    fn write(&self, offset: u64, chunks: &[Bytes]) -> Result<(), DiskError>;

    /// Returns when everything written is durable.
    fn sync(&self) -> Result<(), DiskError>;

    /// Drops the region's pages from the system's cache, so that reads return what is on the disk: after a failed
    /// flush the two may differ. Also opens the file for writing.
    fn refresh(&self) -> Result<(), DiskError>;

    /// Fills `into` from `offset` on. Fails if the medium cannot be read.
    fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), DiskError>;

    /// Returns bytes of a region that is never written again, without a copy if possible. The slice keeps the region
    /// alive.
    fn slice(self: Arc<Self>, offset: u64, len: usize) -> Result<Bytes, DiskError>;
}

/// Returns a copy of a region's bytes.
pub(super) fn copy(region: &dyn Region, offset: u64, len: usize) -> Result<Bytes, DiskError> {
    let mut bytes = vec![0; len];
    region.read(offset, &mut bytes)?;
    Ok(bytes.into())
}

/// Locks a mutex. Its holders never leave data half changed, so a panic of one holder does not matter to the next.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
