//! Regions as files of one locked directory. A file is written by position, bypassing the page cache. It is read by
//! position while it is written, and through a mapping once it is sealed. A file is never mapped while it is written
//! directly.

use super::direct::{self, Buffer};
use super::mapping::Mapping;
use super::{Creation, Disk, Region, copy, lock};
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
use std::sync::{Arc, Mutex, OnceLock};

const LOCK: &str = "lock";
const SUFFIX: &str = "segment";
const UNFINISHED: &str = "prepare";
/// The zeroes that fill a new segment, one piece at a time. With pieces of 1 MiB, concurrent writes of batches are a
/// tenth slower.
static ZEROES: [u8; 256 << 10] = [0; 256 << 10];

/// A directory of segment files, locked as long as this value lives.
///
/// A segment is `<number, 16 hexadecimal digits>.segment`. While it is created its name ends in `.prepare`; it gets
/// its final name when all of it is durable. Files without these endings do not belong to the journal and are not
/// touched.
#[derive(Debug)]
pub(crate) struct FileDisk {
    directory: PathBuf,
    /// The open lock file: the lock lives as long as the handle.
    _lock: File,
    writer: Arc<Mutex<Writer>>,
}

impl FileDisk {
    /// Creates the directory if needed and locks it.
    ///
    /// # Errors
    ///
    /// [`StorageError::Locked`] if another process or journal has locked it; [`StorageError::Disk`] if it cannot be
    /// created or written.
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
            writer: Arc::new(Mutex::new(Writer { buffer: Buffer::new(), target: None })),
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

    fn region(&self, number: u64) -> Result<FileRegion, DiskError> {
        let path = &*self.path(number, SUFFIX);
        let failed = |operation| move |e: io::Error| DiskError::new(operation, path.display(), e);
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(failed("opening"))?;
        let len = file.metadata().map_err(failed("looking at"))?.len();
        let (direct, mapping, writer) = (Mutex::new(None), OnceLock::new(), self.writer.clone());
        Ok(FileRegion { path: path.into(), file, len, direct, mapping, writer })
    }

    /// Creates the region under its unfinished name and makes it durable.
    fn fill(&self, creation: &Creation, path: &Path) -> Result<(), DiskError> {
        let Creation { number, len, .. } = *creation;
        assert!(creation.head.len() as u64 <= len, "the head of segment {number} is longer than it");
        assert!(creation.recycled != Some(number), "segment {number} would be made from itself");
        let failed = |operation| move |e: io::Error| DiskError::new(operation, path.display(), e);
        let file = match creation.recycled {
            // The renaming is made durable before the first byte is overwritten: no crash can leave the old name on
            // new contents.
            Some(recycled) => {
                self.rename(&self.path(recycled, SUFFIX), path)?;
                OpenOptions::new().write(true).open(path).map_err(failed("opening"))?
            }
            None => {
                let mut options = OpenOptions::new();
                let file = options.write(true).create(true).truncate(true).open(path);
                let file = file.map_err(failed("creating"))?;
                zero(&file, len).map_err(failed("allocating"))?;
                file
            }
        };
        file.write_all_at(&creation.head, 0).map_err(failed("writing"))?;
        file.sync_all().map_err(failed("syncing"))
    }
}

/// Allocates and writes every block, so that no later flush has to change the file's extents. That would cost twice
/// the bytes (`FORMAT.md`), and a full disk would be found too late.
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
    assert_eq!(offset, len, "every byte is written, and none behind them");
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
        debug_assert!(numbers.is_sorted_by(|one, next| one < next), "two files have one number: {numbers:?}");
        Ok(numbers)
    }

    fn create(&self, creation: &Creation) -> Result<Arc<dyn Region>, DiskError> {
        let (unfinished, path) = (self.path(creation.number, UNFINISHED), self.path(creation.number, SUFFIX));
        let created = self.fill(creation, &unfinished).and_then(|()| self.rename(&unfinished, &path));
        if let Err(error) = created {
            // Frees the blocks at once, because they may be what fills the disk. If this fails too, nothing is lost:
            // `list` removes the file.
            let _ = fs::remove_file(&unfinished);
            return Err(error);
        }
        let region = self.region(creation.number)?;
        region.refresh()?;
        Ok(Arc::new(region))
    }

    fn open(&self, number: u64) -> Result<Arc<dyn Region>, DiskError> {
        Ok(Arc::new(self.region(number)?))
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

/// Returns the number in a file name, if it has the form that this program writes.
fn number(stem: &str) -> Option<u64> {
    let number = u64::from_str_radix(stem, 16).ok()?;
    (format!("{number:016x}") == stem).then_some(number)
}

/// Writes one region at a time, because segments are written one after the other.
#[derive(Debug)]
struct Writer {
    buffer: Buffer,
    /// The path of the region that is written, and its descriptor for direct writes. The next region replaces it.
    target: Option<(Arc<Path>, File)>,
}

/// One segment file.
#[derive(Debug)]
struct FileRegion {
    path: Arc<Path>,
    file: File,
    len: u64,
    /// The same file opened for direct writes, if that is possible. The writer takes it with the first batch.
    direct: Mutex<Option<File>>,
    /// The mapping, set by the first read after the file is sealed; `None` if the file could not be mapped.
    mapping: OnceLock<Option<Mapping>>,
    writer: Arc<Mutex<Writer>>,
}

impl FileRegion {
    fn failed(&self, operation: &'static str) -> impl FnOnce(io::Error) -> DiskError {
        move |error| DiskError::new(operation, self.path.display(), error)
    }

    fn report_buffered(&self) {
        tracing::info!(file = %self, "no direct writes here: written through the page cache");
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
        let Writer { buffer, target } = &mut *lock(&self.writer);
        if let Some(direct) = lock(&self.direct).take() {
            *target = Some((self.path.clone(), direct));
        }
        if let Some((_, direct)) = target.as_ref().filter(|(path, _)| Arc::ptr_eq(path, &self.path)) {
            match buffer.write(direct, offset, chunks) {
                Err(error) if direct::is_refusal(&error) => {
                    self.report_buffered();
                    *target = None;
                }
                written => return written.map_err(self.failed("writing")),
            }
        }
        buffer.write(&self.file, offset, chunks).map_err(self.failed("writing"))
    }

    fn sync(&self) -> Result<(), DiskError> {
        rustix::fs::fdatasync(&self.file).map_err(|e| self.failed("syncing")(e.into()))
    }

    fn refresh(&self) -> Result<(), DiskError> {
        assert!(self.mapping.get().is_none(), "what was sealed is made ready for writing");
        rustix::fs::fadvise(&self.file, 0, None, Advice::DontNeed)
            .map_err(|e| self.failed("refreshing")(e.into()))?;
        let direct = direct::open(&self.path, &self.file).map_err(self.failed("opening"))?;
        if direct.is_none() {
            self.report_buffered();
        }
        *lock(&self.direct) = direct;
        Ok(())
    }

    fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), DiskError> {
        self.file.read_exact_at(into, offset).map_err(self.failed("reading"))
    }

    fn slice(self: Arc<Self>, offset: u64, len: usize) -> Result<Bytes, DiskError> {
        assert!(offset + len as u64 <= self.len, "{len} bytes at {offset} of {} are asked for", self.len);
        let mapping = self.mapping.get_or_init(|| {
            lock(&self.direct).take();
            let mapping = Mapping::of(&self.file, self.len);
            mapping
                .inspect_err(|error| tracing::warn!(file = %self, %error, "not mapped: copies are read"))
                .ok()
        });
        match mapping {
            Some(_) => Ok(Bytes::from_owner(Sealed(self)).slice(offset as usize..offset as usize + len)),
            None => copy(&*self, offset, len),
        }
    }
}

/// A sealed region, shared with the slices of its mapping.
struct Sealed(Arc<FileRegion>);

impl AsRef<[u8]> for Sealed {
    fn as_ref(&self) -> &[u8] {
        self.0.mapping.get().and_then(Option::as_ref).map_or(&[], Mapping::bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::tests::Directory;
    use rustix::fs::{Mode, OFlags, fcntl_getfl};

    /// Calls `test` with a segment of eight blocks.
    fn with_region(test: impl FnOnce(FileRegion)) {
        let directory = Directory::new();
        let disk = FileDisk::open(directory.path()).unwrap();
        disk.create(&creation()).unwrap();
        test(disk.region(1).unwrap());
    }

    fn creation() -> Creation {
        Creation { number: 1, len: 8 * BLOCK, head: Bytes::new(), recycled: None }
    }

    fn can_be_direct(path: &Path) -> bool {
        rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECT, Mode::empty()).is_ok()
    }

    #[test]
    fn a_refreshed_region_is_written_past_the_page_cache_where_files_can_be() {
        with_region(|region| {
            let can = can_be_direct(&region.path);
            region.refresh().unwrap();
            region.write(0, &[vec![1; BLOCK as usize].into()]).unwrap();
            let writer = lock(&region.writer);
            let is_direct = |(path, file): &(Arc<Path>, File)| {
                Arc::ptr_eq(path, &region.path) && fcntl_getfl(file).unwrap().contains(OFlags::DIRECT)
            };
            assert_eq!(writer.target.as_ref().is_some_and(is_direct), can);
        });
    }

    #[test]
    fn a_created_region_is_ready_for_writing() {
        let directory = Directory::new();
        let disk = FileDisk::open(directory.path()).unwrap();
        let region = disk.create(&creation()).unwrap();
        region.write(0, &[vec![1; BLOCK as usize].into()]).unwrap();
        assert_eq!(lock(&disk.writer).target.is_some(), can_be_direct(&disk.path(1, SUFFIX)));
    }

    #[test]
    fn what_refuses_direct_writes_is_written_report_buffered() {
        with_region(|region| {
            // A file that accepts only numbers.
            let refusing = OpenOptions::new().write(true).open("/proc/self/oom_score_adj").unwrap();
            lock(&region.writer).target = Some((region.path.clone(), refusing));
            for at in 0..2 {
                let block = vec![at as u8 + 1; BLOCK as usize];
                region.write(at * BLOCK, &[block.clone().into()]).unwrap();
                let mut found = [0; BLOCK as usize];
                region.read(at * BLOCK, &mut found).unwrap();
                assert_eq!(found, *block);
                assert!(lock(&region.writer).target.is_none());
            }
        });
    }

    #[test]
    fn a_flush_that_fails_is_an_error() {
        with_region(|region| {
            region.sync().unwrap();
            // A pipe cannot be made durable.
            let (reader, _writer) = io::pipe().unwrap();
            let file = File::from(std::os::fd::OwnedFd::from(reader));
            assert!(FileRegion { file, ..region }.sync().is_err());
        });
    }

    #[test]
    fn what_cannot_be_mapped_is_copied() {
        let path = Path::new("/proc/self/comm");
        let (file, len) = (File::open(path).unwrap(), BLOCK);
        let writer = Arc::new(Mutex::new(Writer { buffer: Buffer::new(), target: None }));
        let (direct, mapping) = (Mutex::new(None), OnceLock::new());
        let region = Arc::new(FileRegion { path: path.into(), file, len, direct, mapping, writer });
        assert_eq!(region.slice(1, 3).unwrap(), fs::read(path).unwrap()[1..4]);
    }

    #[test]
    fn a_region_whose_name_leads_elsewhere_is_not_prepared() {
        with_region(|region| {
            let other = region.path.with_extension("other");
            fs::copy(&region.path, &other).unwrap();
            fs::rename(&other, &region.path).unwrap();
            assert_eq!(region.refresh().is_err(), can_be_direct(&region.path));
        });
    }

    #[test]
    fn where_files_cannot_be_written_past_the_page_cache_they_are_written_through_it() {
        with_region(|region| {
            let bytes: Vec<u8> = (0..2 * BLOCK).map(|at| at as u8).collect();
            region.write(BLOCK, &[bytes.clone().into()]).unwrap();
            region.sync().unwrap();
            let mut found = [0; 5_000];
            region.read(BLOCK + 5, &mut found).unwrap();
            assert_eq!(found, bytes[5..5_005]);
            assert_eq!(Arc::new(region).slice(BLOCK + 5, 5_000).unwrap(), bytes[5..5_005]);
        });
    }

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
