//! All errors of this layer, and what each did to the journal.

use super::owner::Owner;
use super::position::Position;
use crate::codec::cursor::Malformed;
use crate::codec::ids::{GroupId, Index};
use std::fmt;
use std::io;
use std::sync::Arc;
use thiserror::Error;

/// An operation of the journal failed or was refused.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub(crate) enum StorageError {
    /// No segment could be preallocated: the disk is full, or refuses new files. Nothing was appended. Votes still have
    /// a reserve. Appends work again when there is space and a later preallocation succeeds.
    #[error("no space for new entries: {0}; free space on the disk")]
    Full(#[source] DiskError),
    /// The next segment is still being preallocated. Nothing was appended; try again after `preallocated`.
    #[error("the next segment is still being preallocated")]
    NotReady,
    /// A write or flush of the active segment failed. How much of it reached the disk is unknown; nothing of it was
    /// acknowledged. The journal has ended: every later call returns this same error. Only a restart helps, because
    /// it verifies what is on the disk.
    #[error("the journal has failed: {0}; replace the disk or restart the member")]
    Failed(#[source] DiskError),
    /// The disk returned an error while the journal was opened. Nothing was changed.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Another process, or another journal of this one, holds the directory. Nothing was changed.
    #[error("{directory} is in use; stop the other process or choose another directory")]
    Locked {
        /// The directory.
        directory: String,
    },
    /// The directory holds the journal of another owner. Nothing was changed.
    #[error("{file} belongs to {found}, not to {expected}; start with the right directory")]
    Foreign {
        /// The file whose header names the other owner.
        file: String,
        /// The owner named in the header.
        found: Owner,
        /// The owner that wanted to open it.
        expected: Owner,
    },
    /// The file has a format that this version does not read. Nothing was changed.
    #[error("{file} has format {found}, this version reads {expected}; use the right version")]
    Version {
        /// The file.
        file: String,
        /// Version of the file's format.
        found: u32,
        /// Version that this program reads.
        expected: u32,
    },
    /// Opening found that acknowledged bytes do not verify. Nothing was changed: a log is never shortened to get past
    /// damage.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// An entry of the log cannot be read: its bytes do not verify, or the disk returned an error. Nothing was
    /// returned and nothing was changed. The entries of other groups can still be read.
    #[error("entry {index} of group {group} cannot be read: {source}")]
    Unreadable {
        /// The group.
        group: GroupId,
        /// Index of the entry.
        index: Index,
        /// Why it cannot be read.
        source: Unreadable,
    },
    /// The file ends in `.segment`, and its name is not a segment number. Nothing was changed.
    #[error("{file} is no name of a segment; undo the renaming or move the file away")]
    Name {
        /// The file.
        file: String,
    },
    /// The frames do not continue the group's log. Nothing was appended.
    #[error("index {index} of group {group} cannot be stored: {first} may be the first, behind {last}")]
    Misplaced {
        /// The group.
        group: GroupId,
        /// Index of the first frame that does not fit.
        index: Index,
        /// First index that may be written: everything before it is committed.
        first: Index,
        /// Last index of the log.
        last: Index,
    },
    /// The frames are no entries that may be stored: too many bytes, or a term above the group's saved term. Nothing
    /// was appended.
    #[error("frames of group {group} cannot be stored: {source}")]
    Malformed {
        /// The group.
        group: GroupId,
        /// Why they cannot be stored.
        source: Malformed,
    },
    /// The log does not have the entries that were requested. Nothing was changed.
    #[error("entries {first} to {last} of group {group} are not in the log")]
    Absent {
        /// The group.
        group: GroupId,
        /// First requested index.
        first: Index,
        /// Last requested index.
        last: Index,
    },
}

impl StorageError {
    /// Returns whether the error affects one group only. Other groups of this member then continue. Every other error
    /// affects the whole journal.
    pub(crate) fn is_of_group(&self) -> bool {
        match self {
            // The entries of one group are missing, or cannot be read.
            StorageError::Absent { .. } | StorageError::Unreadable { .. } => true,
            // The entries of one group do not fit its log. Nothing was appended.
            StorageError::Misplaced { .. } | StorageError::Malformed { .. } => true,
            // There is no space for entries of any group now. Nothing was appended.
            StorageError::Full(_) | StorageError::NotReady => false,
            // The journal has ended.
            StorageError::Failed(_) => false,
            // The journal was not opened.
            StorageError::Disk(_)
            | StorageError::Locked { .. }
            | StorageError::Foreign { .. }
            | StorageError::Version { .. }
            | StorageError::Damaged(_)
            | StorageError::Name { .. } => false,
        }
    }
}

/// Why an entry cannot be read.
#[derive(Debug, Clone, Error)]
pub(crate) enum Unreadable {
    /// Its bytes do not verify.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// The disk returned an error.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

/// An error of the operating system, with the operation and the file.
#[derive(Debug, Clone, Error)]
#[error("{operation} of {file} failed: {source}")]
pub(crate) struct DiskError {
    /// The operation that failed.
    pub operation: &'static str,
    /// The file or directory.
    pub file: String,
    /// The system's error. It is shared, because a failed journal returns it from every call.
    pub source: Arc<io::Error>,
}

impl DiskError {
    /// Returns an error of the system, with the operation and the file.
    pub(crate) fn new(
        operation: &'static str,
        file: impl fmt::Display,
        source: impl Into<io::Error>,
    ) -> DiskError {
        DiskError { operation, file: file.to_string(), source: Arc::new(source.into()) }
    }

    /// Returns whether the cause is missing space.
    #[cfg(test)]
    pub(crate) fn is_full(&self) -> bool {
        matches!(
            self.source.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
        )
    }
}

/// Acknowledged bytes that do not verify.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{file} is damaged at offset {offset}: {kind}; keep this member out, the others go on as \
     long as they are a majority; restore the directory only from a copy of every byte of it that was made \
     after this member last stopped, because an older one has forgotten votes and entries"
)]
pub(crate) struct Damage {
    /// The file.
    pub file: String,
    /// The offset in the file, in bytes.
    pub offset: u64,
    /// What is wrong.
    pub kind: DamageKind,
}

/// What is wrong with bytes that should verify.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub(crate) enum DamageKind {
    /// A record does not have a valid form.
    #[error("{0}")]
    Malformed(#[from] Malformed),
    /// No valid record follows, although a later header says that more of them were durable.
    #[error("no valid batch, although the journal was durable up to position {durable}")]
    Acknowledged {
        /// The highest position that was recorded as durable.
        durable: Position,
    },
    /// A segment between two others is missing.
    #[error("segment {0} is missing")]
    SegmentMissing(u64),
    /// A record is intact, and contradicts those before it.
    #[error("{0}")]
    Contradiction(&'static str),
    /// Entries are in no segment, and no checkpoint says that they were dropped.
    #[error("entries {first} and following of group {group} are in no segment")]
    EntriesMissing {
        /// The group.
        group: GroupId,
        /// Index of the first missing entry.
        first: Index,
    },
}
