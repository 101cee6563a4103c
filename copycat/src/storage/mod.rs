//! The journal: one ordered, segmented log, shared by all groups of a shard.
//!
//! Entries, terms and votes of every group are frames in one order, made durable together: one batch,
//! one write, one flush for all that waits. Begin with [`journal`] (what is appended, and where), then
//! [`write`] (how it becomes durable), [`recovery`] (what a crash leaves) and `FORMAT.md` (every byte).
//!
//! This floor never blocks its owner, but in reads of what has left memory (what else blocks is handed out as jobs for
//! other threads: [`Write`], [`Preparation`]), never interprets a payload, never writes a byte twice, never retries a failed
//! write or flush, and knows no rule of consensus beyond "a later frame replaces".

pub(crate) mod batch;
pub(crate) mod checkpoint;
mod commits;
pub(crate) mod directory;
mod disk;
mod error;
pub(crate) mod group_log;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod history;
mod journal;
mod pending;
pub(crate) mod position;
mod preparation;
mod read;
mod recent;
mod recovery;
mod room;
mod scan;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod seal;
pub(crate) mod segment;
#[cfg(test)]
mod tests;
mod write;

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
pub(crate) use journal::{Flushed, Journal, Options, SEGMENT_LEN_MAX, SEGMENT_LEN_MIN};
pub(crate) use position::Position;
pub(crate) use preparation::{Preparation, Prepared};
pub(crate) use read::Slices;
pub(crate) use recovery::Recovered;
pub(crate) use segment::Owner;
pub(crate) use write::{Write, Written};
