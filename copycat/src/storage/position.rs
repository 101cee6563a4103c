//! Positions in the journal, and blocks.

use std::fmt;

/// A position in the journal: the number of bytes before it. Positions only grow and are never reused, even if a file
/// is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Position(pub u64);

impl Position {
    /// Returns the position `bytes` bytes later.
    pub(crate) const fn plus(self, bytes: usize) -> Position {
        Position(self.0 + bytes as u64)
    }

    /// Returns whether a block begins here.
    pub(crate) const fn is_block(self) -> bool {
        self.0.is_multiple_of(BLOCK)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The unit of writes: each write begins on a block and is padded to whole blocks. So a torn write never touches
/// bytes that were acknowledged before, and a write may bypass the page cache. `FORMAT.md` says why 4,096.
pub(crate) const BLOCK: u64 = 4_096;

/// Returns the first multiple of [`BLOCK`] that is not below `value`.
pub(crate) const fn align_up(value: u64) -> u64 {
    value.next_multiple_of(BLOCK)
}

/// A block of zeroes: padding, and the contents of a block that was never written.
pub(crate) static ZEROES: [u8; BLOCK as usize] = [0; BLOCK as usize];

/// Returns whether all bytes are zero. There may be at most one block of them.
pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    assert!(bytes.len() <= ZEROES.len(), "at most a block");
    *bytes == ZEROES[..bytes.len()]
}
