//! Tests of the whole journal on every kind of disk, compared with plain vectors. Every case prints its seed.

mod commits;
mod crash;
mod damage;
mod failure;
mod files;
mod golden;
mod limits;
mod model;
mod space;

use super::history::{
    History, append, begin_term, close, configuration_frame, entries, frame, owner, preallocate, settle,
    small,
};
use super::{Disk, FileDisk, Journal, JournalOptions, MemoryDisk, Owner, Recovered};
use super::{SimulatedDisk, StorageError};
use crate::codec::configuration::Configuration;
use crate::codec::entries::Entries;
use crate::codec::frame::{Header, Kind};
use crate::codec::ids::{GroupId, Index, MemberId, Term};
use bytes::Bytes;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

fn joined(slices: &[Bytes]) -> Vec<u8> {
    slices.concat()
}

/// A directory that is removed with its test.
pub(super) struct Directory(PathBuf);

impl Directory {
    pub(super) fn new() -> Directory {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("copycat-journal-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Directory(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// A kind of disk that can be opened again after the end of the process.
enum Place {
    File(Directory),
    Memory(Arc<MemoryDisk>),
    Simulated(Arc<SimulatedDisk>),
}

impl Place {
    fn all() -> [Place; 3] {
        [Place::File(Directory::new()), Place::Memory(Arc::default()), Place::Simulated(Arc::default())]
    }

    fn disk(&self) -> Arc<dyn Disk> {
        match self {
            Place::File(directory) => Arc::new(FileDisk::open(directory.path()).unwrap()),
            Place::Memory(disk) => disk.clone(),
            Place::Simulated(disk) => disk.clone(),
        }
    }

    fn open(&self, seed: u64) -> (Journal, Recovered) {
        Journal::open(self.disk(), small(), seed).unwrap()
    }
}
