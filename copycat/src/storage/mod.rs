//! The journal: one ordered, segmented log, shared by all groups of a shard.
//!
//! Entries, terms, votes and commit indexes of every group are frames in one order. What waits is made durable together:
//! one batch, one write, one flush.
//!
//! Begin with [`journal`] (what is appended, and where), then [`write`] (how it becomes durable), [`recovery`] (what a
//! crash leaves) and `FORMAT.md` (every byte). A file uses only files below it:
//!
//! ```text
//!  recovery  write  read  room  preparation      what the owner calls, beside what is in `journal`
//!                   journal                      append, vote, commit, roll
//!  groups   segments   batches   preparer        its parts, each with one job
//!  checkpoint  commits  pending  scan  replay    formats at work
//!  batch  segment  group_log  options  error     plain values
//! ```
//!
//! This floor never blocks its owner, except in reads of what has left memory: all other blocking work is handed out as
//! jobs for other threads ([`Write`], [`Preparation`]). It never interprets a payload, never writes a byte twice, never
//! retries a failed write or flush, reads no clock, and knows no rule of consensus beyond "a later frame replaces, except
//! what is committed".

mod batch;
mod batch_cache;
pub(crate) mod batch_header;
pub(crate) mod checkpoint;
pub(crate) mod directory;
mod disk;
mod error;
pub(crate) mod group_log;
mod groups;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod history;
mod journal;
mod options;
mod owner;
mod pending_commits;
pub(crate) mod position;
mod preparation;
mod preparer;
mod read;
mod recovery;
mod replay;
mod reserve;
mod room;
mod scan;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod seal;
pub(crate) mod segment;
mod segments;
#[cfg(test)]
mod tests;
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
pub(crate) use options::{Options, SEGMENT_LEN_MAX, SEGMENT_LEN_MIN};
pub(crate) use owner::Owner;
pub(crate) use position::Position;
pub(crate) use preparer::{Preparation, Prepared};
pub(crate) use read::Slices;
pub(crate) use recovery::Recovered;
pub(crate) use write::{Write, Written};
