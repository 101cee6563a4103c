//! Writes that bypass the page cache (`O_DIRECT`, open(2)).
//!
//! A batch is written once and flushed at once, and while it is new it is read from memory. The page cache would only
//! cost time: one copy, and one pass over its pages in the write and another in the flush. So a batch is copied into
//! one aligned buffer and written from there. Direct writes need whole blocks at block offsets.

use crate::storage::position::BLOCK;
use bytes::Bytes;
use rustix::fs::OFlags;
use rustix::io::Errno;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

/// Most bytes of one write: 1 MiB.
const PIECE: usize = 1 << 20;

/// Opens an open file once more, for direct writes. Returns `None` if its file system does not support them.
pub(super) fn open(path: &Path, file: &File) -> io::Result<Option<File>> {
    let flag = OFlags::DIRECT.bits() as i32;
    let direct = match OpenOptions::new().write(true).custom_flags(flag).open(path) {
        Ok(direct) => direct,
        Err(error) if is_refusal(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let identity = |file: &File| file.metadata().map(|metadata| (metadata.dev(), metadata.ino()));
    if identity(&direct)? != identity(file)? {
        // Bytes written to one file are not flushed with the other.
        return Err(io::Error::other("another file has taken its name"));
    }
    Ok(Some(direct))
}

/// Returns whether the error means that direct writes are not supported. Some file systems refuse the flag. Others
/// accept it and refuse every write, or writes of blocks as short as ours.
pub(super) fn is_refusal(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::INVAL | Errno::OPNOTSUPP))
}

/// Memory for direct writes: whole blocks, at an address that is a multiple of the block length.
pub(super) struct Buffer {
    /// One block longer than what is used, because an allocator guarantees less alignment.
    memory: Vec<u8>,
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer").finish_non_exhaustive()
    }
}

impl Buffer {
    pub(super) fn new() -> Buffer {
        Buffer { memory: vec![0; PIECE + BLOCK as usize] }
    }

    fn bytes(&mut self) -> &mut [u8] {
        let start = self.memory.as_ptr().align_offset(BLOCK as usize);
        assert!(start < BLOCK as usize, "the first block boundary lies {start} bytes into the memory");
        &mut self.memory[start..start + PIECE]
    }

    /// Writes the chunks one after the other. Together they are whole blocks, and `offset` is the beginning of a
    /// block.
    pub(super) fn write(&mut self, file: &File, mut offset: u64, chunks: &[Bytes]) -> io::Result<()> {
        let piece = self.bytes();
        let mut filled = 0;
        for mut chunk in chunks.iter().map(|chunk| &chunk[..]) {
            while !chunk.is_empty() {
                let taken = chunk.len().min(piece.len() - filled);
                piece[filled..filled + taken].copy_from_slice(&chunk[..taken]);
                (filled, chunk) = (filled + taken, &chunk[taken..]);
                if filled == piece.len() {
                    file.write_all_at(piece, offset)?;
                    (offset, filled) = (offset + filled as u64, 0);
                }
            }
        }
        let whole = offset.is_multiple_of(BLOCK) && filled.is_multiple_of(BLOCK as usize);
        assert!(whole, "{filled} bytes at {offset} are no whole blocks");
        file.write_all_at(&piece[..filled], offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_without_direct_writes_is_not_an_error() {
        // Files in `/proc` do not support direct writes.
        let path = Path::new("/proc/self/comm");
        assert!(open(path, &File::open(path).unwrap()).unwrap().is_none());
        let error = open(Path::new("/proc/self/nothing"), &File::open(path).unwrap()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_buffer_begins_where_a_block_may() {
        let mut buffer = Buffer::new();
        let bytes = buffer.bytes();
        assert_eq!((bytes.as_ptr() as usize % BLOCK as usize, bytes.len()), (0, PIECE));
    }
}
