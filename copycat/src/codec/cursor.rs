//! Reads hand-coded little-endian records from untrusted bytes.

use thiserror::Error;

/// Why bytes are no valid record. The reader keeps nothing of an invalid record.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub(crate) enum Malformed {
    /// The bytes end before the record does.
    #[error("{needed} bytes needed, {available} there")]
    Truncated {
        /// Bytes of the next field.
        needed: usize,
        /// Bytes that are left.
        available: usize,
    },
    /// The record ends before the bytes do.
    #[error("{0} bytes behind the end of the record")]
    Trailing(usize),
    /// A length or count exceeds its limit. No memory was allocated for it.
    #[error("a length of {found} where {limit} is the limit")]
    TooLong {
        /// The largest allowed length.
        limit: usize,
        /// The claimed length.
        found: usize,
    },
    /// The checksum does not match the bytes.
    #[error("checksum {found:#010x}, computed {computed:#010x}")]
    Checksum {
        /// The recorded checksum.
        found: u32,
        /// The checksum computed from the bytes.
        computed: u32,
    },
    /// A field has a value without a meaning.
    #[error("{field} holds {found}, which means nothing")]
    Value {
        /// Name of the field.
        field: &'static str,
        /// Value of the field.
        found: u64,
    },
}

/// Takes little-endian fields off the front of a slice.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// Returns a cursor at the front of `bytes`.
    pub(crate) fn new(bytes: &'a [u8]) -> Cursor<'a> {
        Cursor { rest: bytes }
    }

    /// Takes the next `count` bytes.
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

    /// Takes one byte.
    pub(crate) fn u8(&mut self) -> Result<u8, Malformed> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Takes two bytes.
    pub(crate) fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_le_bytes)
    }

    /// Takes four bytes.
    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_le_bytes)
    }

    /// Takes eight bytes.
    pub(crate) fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_le_bytes)
    }

    /// Takes sixteen bytes.
    pub(crate) fn u128(&mut self) -> Result<u128, Malformed> {
        self.array().map(u128::from_le_bytes)
    }

    /// Returns the bytes that were not taken yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Fails if any bytes are left.
    pub(crate) fn finish(self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed::Trailing(self.rest.len())) }
    }
}
