//! A read-only mapping of a whole file. This is the one file with `unsafe`.

use std::fs::File;
use std::io;

/// The bytes of a file, read through the page cache.
#[derive(Debug)]
pub(super) struct Mapping(memmap2::Mmap);

impl Mapping {
    /// Maps the whole file, of `len` bytes.
    ///
    /// The caller must ensure three things, and the design of `FileDisk` and the journal does. The file is never
    /// shortened while the mapping lives: segments keep their length, and are removed, not truncated. Bytes that were
    /// returned as a slice are never written again: a position is written once, and a file is recycled only when
    /// nothing holds it. No other process changes the file: the directory is locked.
    pub(super) fn of(file: &File, len: u64) -> io::Result<Mapping> {
        let mut options = memmap2::MmapOptions::new();
        // SAFETY: the file does not change under a slice and does not shrink, see above. The mapping
        // is private to this type, which hands out shared slices only.
        let map = unsafe { options.len(len as usize).map(file) }?;
        Ok(Mapping(map))
    }

    /// Returns the mapped bytes. Only bytes that were written before, and are not written again, may be read.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}
