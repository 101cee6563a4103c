//! The one file with `unsafe`: a read-only mapping of a whole file.

use std::fs::File;
use std::io;

/// A file's bytes, read through the page cache.
#[derive(Debug)]
pub(super) struct Mapping(memmap2::Mmap);

impl Mapping {
    /// Maps the whole file, of `len` bytes.
    ///
    /// Whoever calls this keeps three promises, which `FileDisk` and the journal are built around:
    /// the file is never shortened while the mapping lives (segments have one length for ever, and are
    /// removed, not truncated); bytes that were handed out as a slice are never written again (a
    /// position is written once, and a file is recycled only when nothing holds it); no other process
    /// touches it (the directory is locked).
    pub(super) fn of(file: &File, len: u64) -> io::Result<Mapping> {
        let mut options = memmap2::MmapOptions::new();
        // SAFETY: the file does not change under a slice and does not shrink, see above. The mapping
        // is private to this type, which hands out shared slices only.
        let map = unsafe { options.len(len as usize).map(file) }?;
        Ok(Mapping(map))
    }

    /// The mapped bytes. Only what was written before, and will not be written again, may be looked at.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}
