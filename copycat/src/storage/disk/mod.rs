//! What lies below the journal: numbered regions of fixed length. Two traits are the whole seam;
//! files, memory and a simulated disk implement them, and no other code of this floor knows which.
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

/// A region to be created.
#[derive(Debug, Clone)]
pub(crate) struct Creation {
    /// Its number; a region of this number is replaced.
    pub number: u64,
    /// Its length in bytes, for ever.
    pub len: u64,
    /// What its first bytes shall be.
    pub head: Bytes,
    /// Number of a region of the same length that nobody holds any more and whose blocks may serve
    /// again: what is left of its contents stays readable behind the head.
    pub recycled: Option<u64>,
}

/// A place that keeps numbered regions. Every call may block; the journal calls it from jobs and
/// while it opens, never in between.
pub(crate) trait Disk: Send + Sync + fmt::Debug {
    /// Numbers of the regions there are, ascending. What an interrupted creation left is removed.
    fn list(&self) -> Result<Vec<u64>, StorageError>;

    /// Creates a region with its blocks allocated and written, head included, all durable on return.
    /// On failure, and after a crash at any instant, the region is either complete or not listed; the
    /// recycled one may be gone.
    fn create(&self, creation: &Creation) -> Result<Arc<dyn Region>, DiskError>;

    /// A region that [`list`](Disk::list) named. It is [refreshed](Region::refresh) before it is written.
    fn open(&self, number: u64) -> Result<Arc<dyn Region>, DiskError>;

    /// Removes a region, durably on return. Slices of it stay valid.
    fn remove(&self, number: u64) -> Result<(), DiskError>;

    /// Whether writes and syncs take so little time that no other thread is needed.
    fn is_instant(&self) -> bool {
        false
    }
}

/// A run of bytes of fixed length; its `Display` names the file for people.
pub(crate) trait Region: Send + Sync + fmt::Debug + fmt::Display {
    /// Its length in bytes.
    fn len(&self) -> u64;

    /// Writes the chunks one behind the other from `offset` on: whole blocks. After an error any part may be there.
    fn write(&self, offset: u64, chunks: &[Bytes]) -> Result<(), DiskError>;

    /// Returns once everything written is durable.
    fn sync(&self) -> Result<(), DiskError>;

    /// Drops what the system's cache holds of the region, so that reads return what is on the disk: after a failed
    /// flush the two may differ. Also opens the file for writing.
    fn refresh(&self) -> Result<(), DiskError>;

    /// Fills `into` from `offset` on; an error where the medium cannot be read.
    fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), DiskError>;

    /// Bytes of a region that is never written again, without a copy where possible. The slice keeps the
    /// region alive.
    fn slice(self: Arc<Self>, offset: u64, len: usize) -> Result<Bytes, DiskError>;
}

/// Bytes of a region in memory of their own.
pub(super) fn copy(region: &dyn Region, offset: u64, len: usize) -> Result<Bytes, DiskError> {
    let mut bytes = vec![0; len];
    region.read(offset, &mut bytes)?;
    Ok(bytes.into())
}

/// Locks a mutex whose holders never leave anything half done, so a panic of one does not matter to the next.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
