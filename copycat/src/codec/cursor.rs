//! Reads hand-coded little-endian records out of untrusted bytes.

use thiserror::Error;

/// Bytes that are no valid record. Nothing was taken from them.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub(crate) enum Malformed {
    /// The bytes end before the record does.
    #[error("{needed} bytes needed, {available} there")]
    Truncated {
        /// Bytes the next field takes.
        needed: usize,
        /// Bytes that are left.
        available: usize,
    },
    /// The record ends before the bytes do.
    #[error("{0} bytes behind the end of the record")]
    Trailing(usize),
    /// A length or count above its limit; no memory was taken for it.
    #[error("a length of {found} where {limit} is the limit")]
    TooLong {
        /// Largest length allowed.
        limit: usize,
        /// Length that was claimed.
        found: usize,
    },
    /// The checksum does not fit the bytes.
    #[error("checksum {found:#010x}, computed {computed:#010x}")]
    Checksum {
        /// As recorded.
        found: u32,
        /// As computed from the bytes.
        computed: u32,
    },
    /// A field holds a value that has no meaning.
    #[error("{field} holds {found}, which means nothing")]
    Value {
        /// Name of the field.
        field: &'static str,
        /// What it held.
        found: u64,
    },
}

/// Takes little-endian fields off the front of a slice.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// Begins at the front of `bytes`.
    pub(crate) fn new(bytes: &'a [u8]) -> Cursor<'a> {
        Cursor { rest: bytes }
    }

    /// The next `count` bytes.
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            return Err(Malformed::Truncated { needed: count, available: self.rest.len() });
        };
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N)?);
        Ok(bytes)
    }

    /// One byte.
    pub(crate) fn u8(&mut self) -> Result<u8, Malformed> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Two bytes.
    pub(crate) fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_le_bytes)
    }

    /// Four bytes.
    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight bytes.
    pub(crate) fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_le_bytes)
    }

    /// Sixteen bytes.
    pub(crate) fn u128(&mut self) -> Result<u128, Malformed> {
        self.array().map(u128::from_le_bytes)
    }

    /// What has not been taken yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Fails if anything is left.
    pub(crate) fn finish(self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed::Trailing(self.rest.len())) }
    }
}
