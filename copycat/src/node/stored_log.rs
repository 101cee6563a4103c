//! The log of a member that does not run.

use super::data_directory;
use super::opening::StartError;
use crate::codec::ids::{GroupId, Index};
use crate::storage::{FileDisk, GroupState, Journal, JournalOptions, Owner, Slices, StorageError};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// The journal of a data directory, which stays locked while it is read.
#[derive(Debug)]
pub(crate) struct StoredLog {
    journal: Journal,
    groups: BTreeMap<GroupId, GroupState>,
    _locked: File,
}

impl StoredLog {
    /// Opens the log in a data directory, as a start of its member does: a torn tail is cut.
    pub(crate) fn open(path: &Path) -> Result<StoredLog, StartError> {
        let (identity, locked) = data_directory::inspect(path)?;
        let owner = Owner { disk_id: identity.disk_id, member: identity.member, shard: 0 };
        let disk = Arc::new(FileDisk::open(&path.join(super::JOURNAL_DIRECTORY))?);
        let (journal, recovered) = Journal::open(disk, JournalOptions::new(owner), fastrand::u64(..))?;
        Ok(StoredLog { journal, groups: recovered.groups, _locked: locked })
    }

    /// Returns the groups, each with its state.
    pub(crate) fn groups(&self) -> &BTreeMap<GroupId, GroupState> {
        &self.groups
    }

    /// Returns entries of a group, from `first` on, as many as fit `bytes`, and at least one.
    pub(crate) fn read(
        &self,
        group: GroupId,
        first: Index,
        last: Index,
        bytes: usize,
    ) -> Result<Slices, StorageError> {
        self.journal.read(group, first, last, bytes)
    }
}
