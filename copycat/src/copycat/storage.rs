//! Describes where a member stores its log.

use super::durations::outside;
use crate::error::{ConfigError, Error};
use crate::node;
use crate::storage::{SEGMENT_LEN_MAX, SEGMENT_LEN_MIN};
use std::path::PathBuf;
use std::time::Duration;

/// The default length of a segment: 64 MiB.
const SEGMENT_LEN: u64 = 64 << 20;
/// The bounds of the time to which a flush may be slowed.
const SLOWED_TO: (Duration, Duration) = (Duration::ZERO, Duration::from_secs(1));

/// The storage of a member: its log, and what it must not forget about itself.
#[derive(Clone, Debug)]
pub struct Storage(node::Storage);

impl Storage {
    /// Begins the description of storage in a directory.
    pub fn builder() -> StorageBuilder {
        StorageBuilder { directory: None, segment_len: SEGMENT_LEN, slowed_to: Duration::ZERO }
    }

    /// Keeps everything in memory: for tests, and for data that may be lost. A member that stops has lost its
    /// memory, and the cluster does not accept it again under its id.
    #[must_use]
    pub fn memory() -> Storage {
        Storage(node::Storage::Memory)
    }

    pub(super) fn into_node(self) -> node::Storage {
        self.0
    }
}

/// Describes storage in a directory.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct StorageBuilder {
    directory: Option<PathBuf>,
    segment_len: u64,
    slowed_to: Duration,
}

impl StorageBuilder {
    /// Sets the directory, which is created if it is missing. It belongs to one member and is locked while that
    /// member runs. Required.
    pub fn with_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Sets the length of one segment of the log, in bytes. Segments are preallocated at their full length.
    /// Default 64 MiB, 64 KiB to 1 GiB; longer commands get longer segments.
    pub fn with_segment_len(mut self, bytes: u64) -> Self {
        self.segment_len = bytes;
        self
    }

    /// Makes each flush take at least this long, to test on a fast disk how a service behaves on a slow one.
    /// Default 0, at most 1 s.
    pub fn with_slowed_flush(mut self, to: Duration) -> Self {
        self.slowed_to = to;
        self
    }

    /// Checks the description. Opens and creates nothing yet.
    ///
    /// # Errors
    ///
    /// [`Error::config_errors`] lists all of them.
    pub fn build(self) -> Result<Storage, Error> {
        let mut errors = Vec::new();
        match &self.directory {
            None => errors.push(ConfigError::NoDirectory),
            Some(path) if path.exists() && !path.is_dir() => {
                errors.push(ConfigError::NotADirectory(path.clone()))
            }
            Some(_) => {}
        }
        if !(SEGMENT_LEN_MIN..=SEGMENT_LEN_MAX).contains(&self.segment_len) {
            errors.push(ConfigError::Size {
                method: "with_segment_len",
                found: self.segment_len,
                least: SEGMENT_LEN_MIN,
                most: SEGMENT_LEN_MAX,
            });
        }
        errors.extend(outside("with_slowed_flush", self.slowed_to, SLOWED_TO));
        match self.directory {
            Some(path) if errors.is_empty() => Ok(Storage(node::Storage::Directory {
                path,
                segment_len: self.segment_len,
                slowed_to: self.slowed_to,
            })),
            _ => Err(Error::config("Storage::builder()", errors)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_bad_storages() {
        let errors =
            |builder: StorageBuilder| builder.build().expect_err("accepted").config_errors().to_vec();
        assert_eq!(errors(Storage::builder()), [ConfigError::NoDirectory]);
        let file = std::env::current_exe().unwrap();
        assert_eq!(
            errors(Storage::builder().with_directory(&file).with_segment_len(1)),
            [
                ConfigError::NotADirectory(file),
                ConfigError::Size { method: "with_segment_len", found: 1, least: 64 << 10, most: 1 << 30 },
            ]
        );
    }
}
