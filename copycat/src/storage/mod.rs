//! The journal: the write-ahead log that all groups of a shard share, cut into segments of fixed length.
//!
//! Entries, terms, votes and commit indexes of every group are frames in one sequence. Frames that wait become
//! durable together: one batch, one write, one flush.
//!
//! Begin with [`journal`] (what is appended, and where), then [`write`] (how it becomes durable), [`recovery`] (what
//! a restart finds) and `FORMAT.md` (every byte). A file uses only files in the rows below it; in the last row, only
//! files to its right:
//!
//! ```text
//!  recovery  write  read  space  preallocation    called by the owner, besides the methods in `journal`
//!                   journal                       append, vote, commit, roll
//!  groups  segments  write_queue  preallocator    the journal's parts, each with one job
//!  replay  unrecorded_commits  batch_cache        formats in use
//!  scan  checkpoint  batch  reserve
//!  batch_header  segment  group_log  options      plain values
//!  disk  directory  error  owner  position
//! ```
//!
//! Once it is open, the journal never blocks its owner, the shard's loop, except to read entries that are no longer in
//! memory. All other blocking work is a job for another thread ([`Write`], [`Preallocation`]). It interprets no payload
//! but that of a configuration, overwrites no byte of a valid batch, and retries no failed write or flush of a
//! batch. (A disk that refuses direct writes gets the same batch through the page cache, and a failed preallocation is
//! tried again.) It reads no clock, except in the slowed disk, which measures flushes.
//!
//! It decides nothing about consensus, but knows what frames may follow each other: a later entry replaces an earlier
//! one and all after it, unless that is committed; terms and commit indexes never fall; a term has one vote. Everything
//! else is a contradiction (see `FORMAT.md`).

mod batch;
mod batch_cache;
pub(crate) mod batch_header;
pub(crate) mod checkpoint;
pub(crate) mod directory;
mod disk;
mod error;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod forge;
pub(crate) mod group_log;
mod groups;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod history;
mod journal;
mod options;
mod owner;
pub(crate) mod position;
mod preallocation;
mod preallocator;
mod read;
mod recovery;
mod replay;
mod reserve;
mod scan;
pub(crate) mod segment;
mod segments;
mod space;
#[cfg(test)]
mod tests;
mod unrecorded_commits;
mod write;
mod write_queue;

#[cfg(any(test, feature = "testing"))]
#[allow(unused_imports, reason = "the simulation's")]
pub(crate) use disk::simulated::{Fault, SimulatedDisk};
#[cfg(feature = "testing")]
pub(crate) use disk::{Creation, Region};
pub(crate) use disk::{Disk, file::FileDisk, memory::MemoryDisk, slowed::SlowedDisk};
#[cfg(feature = "testing")]
pub(crate) use error::DiskError;
pub(crate) use error::StorageError;
pub(crate) use group_log::GroupState;
pub(crate) use journal::{Flushed, Journal};
pub(crate) use options::{JournalOptions, SEGMENT_LEN_MAX, SEGMENT_LEN_MIN};
pub(crate) use owner::Owner;
pub(crate) use position::Position;
pub(crate) use preallocator::{Preallocated, Preallocation};
pub(crate) use read::Slices;
pub(crate) use recovery::Recovered;
pub(crate) use write::{Write, Written};
