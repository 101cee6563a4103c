//! The bytes of encoded values, and what their reader will count of them.

use super::encode_error::{EncodeError, Fault};
use crate::codec::value::BYTELESS_MAX;

/// The bytes of one or more values that one reader will read, and what it will count of them.
#[derive(Debug, Default)]
pub(crate) struct Encoded {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The number of bytes before the values.
    start: usize,
    /// The number of elements of all sequences and maps.
    pub(super) elements: usize,
}

impl Encoded {
    /// Begins to append values to bytes that are read by themselves.
    pub(crate) fn after(bytes: Vec<u8>) -> Encoded {
        Encoded { start: bytes.len(), bytes, elements: 0 }
    }

    /// Checks that the reader will not take the values for forged ones: most elements take bytes.
    pub(super) fn check(&self) -> Result<(), EncodeError> {
        let limit = self.bytes.len() - self.start + BYTELESS_MAX;
        if self.elements > limit { Err(Fault::Byteless.into()) } else { Ok(()) }
    }
}
