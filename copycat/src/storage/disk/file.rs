//! Regions as files of one locked directory: written by position, past the page cache; read by position while they
//! are written, and through a mapping when they are sealed. Direct writes and a mapping never meet in one file.

use super::mapping::Mapping;
use super::writer::Writer;
use super::{Creation, Disk, Region};
use crate::storage::directory;
use crate::storage::error::{DiskError, StorageError};
use crate::storage::position::BLOCK;
use bytes::Bytes;
use rustix::fs::{Advice, FallocateFlags, FlockOperation};
use rustix::io::Errno;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

const LOCK: &str = "lock";
const SUFFIX: &str = "segment";
const UNFINISHED: &str = "prepare";
/// What a new segment is filled with, piece by piece. The page cache keeps a file in pieces as long as it was written
/// in, and drops a whole one when a batch goes past it into a part of it: with 1 MiB nothing gets quicker.
static ZEROES: [u8; 256 << 10] = [0; 256 << 10];

/// A directory of segment files, locked for as long as this lives.
///
/// A segment is `<number, 16 hexadecimal digits>.segment`; one that is being created ends in
/// `.prepare` and gets its name when all of it is durable. Names without these endings are not the
/// journal's and are left alone.
#[derive(Debug)]
pub(crate) struct FileDisk {
    directory: PathBuf,
    /// Open, because the lock lives as long as the handle.
    _lock: File,
    /// Of all regions: one is written at a time.
    writer: Arc<Mutex<Writer>>,
}

impl FileDisk {
    /// Creates the directory if need be and locks it.
    ///
    /// # Errors
    ///
    /// [`StorageError::Locked`] if somebody else has it; [`StorageError::Disk`] if it cannot be made
    /// or written.
    pub(crate) fn open(directory: &Path) -> Result<FileDisk, StorageError> {
        let name = directory.display();
        directory::create(directory).map_err(|e| DiskError::new("creating", &name, e))?;
        let path = directory.join(LOCK);
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|e| DiskError::new("opening", path.display(), e))?;
        match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(StorageError::Locked { directory: name.to_string() }),
            Err(error) => return Err(DiskError::new("locking", path.display(), error).into()),
        }
        let disk = FileDisk {
            directory: directory.to_owned(),
            _lock: lock,
            writer: Arc::new(Mutex::new(Writer::new())),
        };
        disk.sync_directory()?;
        Ok(disk)
    }

    fn path(&self, number: u64, suffix: &str) -> PathBuf {
        self.directory.join(format!("{number:016x}.{suffix}"))
    }

    fn sync_directory(&self) -> Result<(), DiskError> {
        directory::sync(&self.directory).map_err(|e| DiskError::new("syncing", self.directory.display(), e))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        fs::rename(from, to).map_err(|e| DiskError::new("renaming", from.display(), e))?;
        self.sync_directory()
    }

    /// Makes all of the region durable under its unfinished name.
    fn fill(&self, creation: &Creation, path: &Path) -> Result<(), DiskError> {
        let failed = |operation| move |e: io::Error| DiskError::new(operation, path.display(), e);
        let file = match creation.recycled {
            // The renaming is made durable before the first byte is overwritten: no crash can leave
            // the old name on new contents.
            Some(recycled) => {
                self.rename(&self.path(recycled, SUFFIX), path)?;
                OpenOptions::new().write(true).open(path).map_err(failed("opening"))?
            }
            None => {
                let mut options = OpenOptions::new();
                let file = options.write(true).create(true).truncate(true).open(path);
                let file = file.map_err(failed("creating"))?;
                zero(&file, creation.len).map_err(failed("allocating"))?;
                file
            }
        };
        file.write_all_at(&creation.head, 0).map_err(failed("writing"))?;
        file.sync_all().map_err(failed("syncing"))
    }
}

/// Allocates and writes every block, so that no later flush has to change the file's extents: that
/// costs twice the bytes (`FORMAT.md`), and would be the wrong moment to find the disk full.
fn zero(file: &File, len: u64) -> io::Result<()> {
    match rustix::fs::fallocate(file, FallocateFlags::empty(), 0, len) {
        Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => {}
        Err(error) => return Err(error.into()),
    }
    let mut offset = 0;
    while offset < len {
        let chunk = (len - offset).min(ZEROES.len() as u64);
        file.write_all_at(&ZEROES[..chunk as usize], offset)?;
        offset += chunk;
    }
    Ok(())
}

impl Disk for FileDisk {
    fn list(&self) -> Result<Vec<u64>, StorageError> {
        let failed = |e| DiskError::new("listing", self.directory.display(), e);
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.directory).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let suffix = path.extension().and_then(|suffix| suffix.to_str());
            match suffix {
                Some(SUFFIX) => {
                    let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(number);
                    let file = || path.display().to_string();
                    numbers.push(number.ok_or_else(|| StorageError::Name { file: file() })?);
                }
                Some(UNFINISHED) => {
                    fs::remove_file(&path).map_err(|e| DiskError::new("removing", path.display(), e))?;
                }
                _ => {}
            }
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn create(&self, creation: &Creation) -> Result<Arc<dyn Region>, DiskError> {
        let (unfinished, path) = (self.path(creation.number, UNFINISHED), self.path(creation.number, SUFFIX));
        let created = self.fill(creation, &unfinished).and_then(|()| self.rename(&unfinished, &path));
        if let Err(error) = created {
            // Gives the blocks back at once: the disk may be full because of them. That this fails too
            // changes nothing; `list` removes what is left.
            let _ = fs::remove_file(&unfinished);
            return Err(error);
        }
        self.open(creation.number)
    }

    fn open(&self, number: u64) -> Result<Arc<dyn Region>, DiskError> {
        let path = self.path(number, SUFFIX);
        let failed = |operation| {
            let path = path.display().to_string();
            move |e: io::Error| DiskError::new(operation, path, e)
        };
        let file = OpenOptions::new().read(true).write(true).open(&path).map_err(failed("opening"))?;
        let len = file.metadata().map_err(failed("looking at"))?.len();
        Ok(Arc::new(FileRegion {
            path: path.into(),
            file,
            len,
            mapping: OnceLock::new(),
            writer: self.writer.clone(),
        }))
    }

    fn remove(&self, number: u64) -> Result<(), DiskError> {
        let path = self.path(number, SUFFIX);
        match fs::remove_file(&path) {
            Ok(()) => self.sync_directory(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(DiskError::new("removing", path.display(), error)),
        }
    }
}

/// The number that a name says, if it is written as we write it.
fn number(stem: &str) -> Option<u64> {
    let number = u64::from_str_radix(stem, 16).ok()?;
    (format!("{number:016x}") == stem).then_some(number)
}

/// One segment file.
#[derive(Debug)]
struct FileRegion {
    path: Arc<Path>,
    /// For everything but writing.
    file: File,
    len: u64,
    /// Once it is sealed, and somebody reads from it.
    mapping: OnceLock<Mapping>,
    writer: Arc<Mutex<Writer>>,
}

impl FileRegion {
    fn failed(&self, operation: &'static str) -> impl FnOnce(io::Error) -> DiskError {
        move |error| DiskError::new(operation, self.path.display(), error)
    }
}

impl fmt::Display for FileRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)
    }
}

impl Region for FileRegion {
    fn len(&self) -> u64 {
        self.len
    }

    fn write(&self, offset: u64, chunks: &[Bytes]) -> Result<(), DiskError> {
        let len = chunks.iter().map(|chunk| chunk.len() as u64).sum::<u64>();
        assert!(offset.is_multiple_of(BLOCK) && len.is_multiple_of(BLOCK), "whole blocks are written");
        assert!(offset + len <= self.len, "a file is never grown");
        assert!(self.mapping.get().is_none(), "nothing is written to what was sealed");
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.write(&self.path, offset, chunks).map_err(self.failed("writing"))
    }

    fn sync(&self) -> Result<(), DiskError> {
        rustix::fs::fdatasync(&self.file).map_err(|e| self.failed("syncing")(e.into()))
    }

    fn refresh(&self) -> Result<(), DiskError> {
        rustix::fs::fadvise(&self.file, 0, None, Advice::DontNeed)
            .map_err(|e| self.failed("refreshing")(e.into()))
    }

    fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), DiskError> {
        self.file.read_exact_at(into, offset).map_err(self.failed("reading"))
    }

    fn slice(self: Arc<Self>, offset: u64, len: usize) -> Result<Bytes, DiskError> {
        if self.mapping.get().is_none() {
            let mapping = Mapping::of(&self.file).map_err(self.failed("mapping"))?;
            // Whoever was quicker has mapped the same.
            let _ = self.mapping.set(mapping);
        }
        Ok(Bytes::from_owner(Sealed(self)).slice(offset as usize..offset as usize + len))
    }
}

/// A sealed region, shared with whoever reads from its mapping.
struct Sealed(Arc<FileRegion>);

impl AsRef<[u8]> for Sealed {
    fn as_ref(&self) -> &[u8] {
        self.0.mapping.get().map_or(&[], Mapping::bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_as_we_write_them_are_numbers() {
        assert_eq!(number("00000000000000ff"), Some(255));
        for wrong in
            ["ff", "00000000000000FF", "+0000000000000ff", "000000000000000g", "", "0000000000000000ff"]
        {
            assert_eq!(number(wrong), None, "{wrong}");
        }
    }
}
