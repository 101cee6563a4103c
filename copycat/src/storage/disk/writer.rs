//! How segments are written: past the page cache, one at a time.
//!
//! A batch is written once and flushed at once, and while it is new it is served from memory. The page cache would only be in the
//! way: it costs a copy, and a walk over its pages in both the write and the flush. So a batch is copied into one aligned buffer
//! and handed to the disk as it is (`O_DIRECT`, open(2)), which whole blocks at block offsets allow. Where a file
//! system cannot do that, batches are written through the page cache.

use crate::storage::position::BLOCK;
use bytes::Bytes;
use rustix::fs::OFlags;
use rustix::io::Errno;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

/// Most bytes of one call: 1 MiB.
const PIECE: usize = 1 << 20;

/// Writes batches into segments. It keeps one file open: batches come in order, and a segment that was left is not
/// written again.
#[derive(Debug)]
pub(super) struct Writer {
    /// The file that was written last, and the name that its region knows it by.
    target: Option<(Arc<Path>, File)>,
    piece: Piece,
}

impl Writer {
    pub(super) fn new() -> Writer {
        Writer { target: None, piece: Piece::of(PIECE) }
    }

    /// Writes the chunks one behind the other: whole blocks together, from a block's beginning on. Each region has a
    /// `path` of its own: another's of the same name may be another file.
    pub(super) fn write(&mut self, path: &Arc<Path>, offset: u64, chunks: &[Bytes]) -> io::Result<()> {
        let file = match self.target.take() {
            Some((open, file)) if Arc::ptr_eq(&open, path) => file,
            // The one before is closed first: never are there two.
            other => {
                drop(other);
                open(path)?
            }
        };
        let written = self.piece.write(&file, offset, chunks);
        self.target = Some((path.clone(), file));
        written
    }
}

/// Opens a segment for writing, past the page cache if the file system can.
fn open(path: &Path) -> io::Result<File> {
    match open_direct(path) {
        Err(error) if is_unsupported(&error) => {
            tracing::info!(file = %path.display(), %error, "no direct writes here: written through the page cache");
            OpenOptions::new().write(true).open(path)
        }
        opened => opened,
    }
}

/// Some file systems refuse the flag; others take it, and refuse every call.
fn open_direct(path: &Path) -> io::Result<File> {
    let direct = OFlags::DIRECT.bits() as i32;
    let file = OpenOptions::new().read(true).write(true).custom_flags(direct).open(path)?;
    file.read_exact_at(Piece::of(BLOCK as usize).aligned(), 0)?;
    Ok(file)
}

fn is_unsupported(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::INVAL | Errno::OPNOTSUPP))
}

/// Memory that the disk may read by itself: whole blocks, at an address that is a multiple of a block's length.
#[derive(Debug)]
struct Piece {
    len: usize,
    /// A block longer, because an allocator aligns to less.
    bytes: Vec<u8>,
}

impl Piece {
    fn of(len: usize) -> Piece {
        Piece { len, bytes: vec![0; len + BLOCK as usize] }
    }

    fn aligned(&mut self) -> &mut [u8] {
        let start = self.bytes.as_ptr().align_offset(BLOCK as usize);
        &mut self.bytes[start..start + self.len]
    }

    fn write(&mut self, file: &File, mut offset: u64, chunks: &[Bytes]) -> io::Result<()> {
        let piece = self.aligned();
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
        file.write_all_at(&piece[..filled], offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_without_direct_writes_gets_others() {
        // No process file has them.
        let path = Path::new("/proc/self/comm");
        assert!(is_unsupported(&open_direct(path).unwrap_err()));
        assert!(open(path).is_ok());
        assert!(!is_unsupported(&open(Path::new("/proc/self/nothing")).unwrap_err()));
    }

    #[test]
    fn a_piece_begins_where_a_block_may() {
        for len in [BLOCK as usize, PIECE] {
            let mut piece = Piece::of(len);
            let aligned = piece.aligned();
            assert_eq!((aligned.as_ptr() as usize % BLOCK as usize, aligned.len()), (0, len));
        }
    }
}
