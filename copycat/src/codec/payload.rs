//! User values to bytes and back: the only place that knows which library does it.
//!
//! bincode 2.0.1, standard configuration (little-endian, variable-length integers), always with a
//! limit on what a length may claim, never with trailing bytes. A sequence of tuple elements is the
//! plain concatenation of their encodings, which [`frame`](super::frame) relies on: the key's bytes
//! come first and are not repeated.

use super::frame::BODY_MAX;
use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use serde::Serialize;
use serde::de::{Deserialize, DeserializeOwned};
use thiserror::Error;

/// What a decoder may claim. It counts a number at its full width however few bytes it takes, 16 at most
/// for one, so that no body within [`BODY_MAX`] is refused; a forged length claims no more than this.
const CLAIM_MAX: usize = BODY_MAX * 16;

const CONFIG: Configuration<LittleEndian, Varint, Limit<CLAIM_MAX>> =
    bincode::config::standard().with_limit::<CLAIM_MAX>();

/// A value that could not be turned into bytes, or bytes that are no such value.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum PayloadError {
    /// The type's `Serialize` failed.
    #[error("the value cannot be encoded: {0}")]
    Encode(#[source] bincode::error::EncodeError),
    /// The bytes are not an encoding of the type.
    #[error("the bytes are no value of the expected type: {0}")]
    Decode(#[source] bincode::error::DecodeError),
    /// The value ends before the bytes do.
    #[error("{0} bytes behind the end of the value")]
    Trailing(usize),
    /// The encoding is longer than allowed.
    #[error("{found} bytes where {limit} is the limit")]
    TooLarge {
        /// Most bytes allowed.
        limit: usize,
        /// Bytes the value takes.
        found: usize,
    },
}

/// Appends the encoding of `value`.
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), PayloadError> {
    bincode::serde::encode_into_std_write(value, out, bincode::config::standard())
        .map_err(PayloadError::Encode)?;
    if out.len() > BODY_MAX {
        return Err(PayloadError::TooLarge { limit: BODY_MAX, found: out.len() });
    }
    Ok(())
}

/// Reads a value that owns its parts, from exactly these bytes.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, PayloadError> {
    let (value, read) = bincode::serde::decode_from_slice(bytes, CONFIG).map_err(PayloadError::Decode)?;
    whole(value, read, bytes)
}

/// Reads a value that may borrow from the bytes (`&str`, `&[u8]`), from exactly these bytes.
pub(crate) fn decode_borrowed<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, PayloadError> {
    let (value, read) =
        bincode::serde::borrow_decode_from_slice(bytes, CONFIG).map_err(PayloadError::Decode)?;
    whole(value, read, bytes)
}

fn whole<T>(value: T, read: usize, bytes: &[u8]) -> Result<T, PayloadError> {
    if read == bytes.len() { Ok(value) } else { Err(PayloadError::Trailing(bytes.len() - read)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tuple_is_the_concatenation_of_its_elements() {
        let (mut whole, mut parts) = (Vec::new(), Vec::new());
        encode(&("ada", 100u64, Some(true)), &mut whole).unwrap();
        encode("ada", &mut parts).unwrap();
        encode(&(100u64, Some(true)), &mut parts).unwrap();
        assert_eq!(whole, parts);
    }

    #[test]
    fn a_forged_length_takes_no_memory() {
        let mut forged = vec![253];
        forged.extend_from_slice(&u64::MAX.to_le_bytes());
        assert!(decode::<Vec<u64>>(&forged).is_err());
        assert!(decode::<String>(&forged).is_err());
    }

    #[test]
    fn trailing_bytes_are_refused() {
        assert!(matches!(decode::<u8>(&[1, 2]), Err(PayloadError::Trailing(1))));
    }

    #[test]
    fn borrowed_strings_point_into_the_bytes() {
        let mut bytes = Vec::new();
        encode(&("ada", 7u8), &mut bytes).unwrap();
        let (name, seven): (&str, u8) = decode_borrowed(&bytes).unwrap();
        assert!(bytes.as_ptr_range().contains(&name.as_ptr()));
        assert_eq!((name, seven), ("ada", 7));
    }
}
