//! Where a member keeps its log.

use super::durations::outside;
use crate::error::{Error, Mistake};
use crate::node;
use crate::storage::{SEGMENT_LEN_MAX, SEGMENT_LEN_MIN};
use std::path::PathBuf;
use std::time::Duration;

/// Default length of a segment: 64 MiB.
const SEGMENT_LEN: u64 = 64 << 20;
/// Bounds of what a flush may be slowed to.
const SLOWED_TO: (Duration, Duration) = (Duration::ZERO, Duration::from_secs(1));

/// Where a member keeps its log, and what it must not forget about itself.
#[derive(Clone, Debug)]
pub struct Storage(node::Storage);

impl Storage {
    /// Begins to describe storage in a directory.
    pub fn builder() -> StorageBuilder {
        StorageBuilder { directory: None, segment_len: SEGMENT_LEN, slowed_to: Duration::ZERO }
    }

    /// Keeps everything in memory: for tests and for what may be lost. A member that stops has lost its memory, and
    /// the cluster does not take it back under its id.
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
    /// The directory; made if it is missing. It belongs to one member and is locked while that runs. Required.
    pub fn with_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Bytes of one segment of the log. Segments are prepared ahead at their full length. Default 64 MiB, 64 KiB
    /// to 1 GiB; commands that are longer get longer segments.
    pub fn with_segment_len(mut self, bytes: u64) -> Self {
        self.segment_len = bytes;
        self
    }

    /// Makes each flush take at least so long, to see on a fast disk how a service will do on a slow one.
    /// Default 0, at most 1 s.
    pub fn with_slowed_flush(mut self, to: Duration) -> Self {
        self.slowed_to = to;
        self
    }

    /// Checks everything. Opens and makes nothing yet.
    ///
    /// # Errors
    ///
    /// [`Error::mistakes`] lists all that is wrong.
    pub fn build(self) -> Result<Storage, Error> {
        let mut mistakes = Vec::new();
        match &self.directory {
            None => mistakes.push(Mistake::NoDirectory),
            Some(path) if path.exists() && !path.is_dir() => {
                mistakes.push(Mistake::NotADirectory(path.clone()))
            }
            Some(_) => {}
        }
        if !(SEGMENT_LEN_MIN..=SEGMENT_LEN_MAX).contains(&self.segment_len) {
            mistakes.push(Mistake::Size {
                name: "a segment",
                found: self.segment_len,
                least: SEGMENT_LEN_MIN,
                most: SEGMENT_LEN_MAX,
            });
        }
        mistakes.extend(outside("a slowed flush", self.slowed_to, SLOWED_TO));
        match self.directory {
            Some(path) if mistakes.is_empty() => Ok(Storage(node::Storage::Directory {
                path,
                segment_len: self.segment_len,
                slowed_to: self.slowed_to,
            })),
            _ => Err(Error::from(mistakes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_bad_storages() {
        let mistakes = |builder: StorageBuilder| builder.build().expect_err("accepted").mistakes().to_vec();
        assert_eq!(mistakes(Storage::builder()), [Mistake::NoDirectory]);
        let file = std::env::current_exe().unwrap();
        assert_eq!(
            mistakes(Storage::builder().with_directory(&file).with_segment_len(1)),
            [
                Mistake::NotADirectory(file),
                Mistake::Size { name: "a segment", found: 1, least: 64 << 10, most: 1 << 30 },
            ]
        );
    }
}
