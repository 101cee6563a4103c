//! Places in the journal.

use std::fmt;

/// A place in the journal: bytes since its beginning. Grows for ever, never reused, not even when a
/// file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Position(pub u64);

impl Position {
    /// So many bytes further on.
    pub(crate) const fn plus(self, bytes: usize) -> Position {
        Position(self.0 + bytes as u64)
    }

    /// Whether a block begins here.
    pub(crate) const fn is_block(self) -> bool {
        self.0.is_multiple_of(BLOCK)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What one write begins on and is padded to: a torn write can then never touch bytes that were acknowledged before,
/// and may go past the page cache. `FORMAT.md` says why 4,096.
pub(crate) const BLOCK: u64 = 4_096;

/// The first multiple of [`BLOCK`] that is not below `value`.
pub(crate) const fn align_up(value: u64) -> u64 {
    value.next_multiple_of(BLOCK)
}

/// A block of zeroes: padding, and what a block that was never written holds.
pub(crate) static ZEROES: [u8; BLOCK as usize] = [0; BLOCK as usize];

/// Whether all of at most one block of bytes are zero.
pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    assert!(bytes.len() <= ZEROES.len(), "at most a block");
    *bytes == ZEROES[..bytes.len()]
}
