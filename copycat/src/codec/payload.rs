//! Encodes and decodes user values.
//!
//! The format is bincode 2.0.1, standard configuration (little-endian, variable-length integers). Trailing bytes are
//! an error. A sequence of tuple elements is the plain concatenation of their encodings, and [`frame`](super::frame)
//! relies on it: the key's bytes come first and are not repeated. The library encodes here;
//! [`shape::encoder`](super::shape::encoder) encodes arguments and results by their shapes. [`value`](super::value)
//! decodes, because it trusts no length in the bytes.

use super::value::{self, ValueError};
use serde::Serialize;
use serde::de::{Deserialize, DeserializeOwned, DeserializeSeed};
use thiserror::Error;

/// Why a value could not be encoded, or why bytes are no value of the expected type.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum PayloadError {
    /// The type's `Serialize` failed.
    #[error("the value cannot be encoded: {0}")]
    Encode(#[source] bincode::error::EncodeError),
    /// The bytes are not an encoding of the type.
    #[error("the bytes are no value of the expected type: {0}")]
    Decode(#[source] ValueError),
    /// The value ends before the bytes do.
    #[error("{0} bytes behind the end of the value")]
    Trailing(usize),
}

/// Appends the encoding of `value`, without a limit on its length.
pub(crate) fn append<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), PayloadError> {
    write(value, out)
}

fn write<T: Serialize + ?Sized>(value: &T, out: &mut impl std::io::Write) -> Result<(), PayloadError> {
    bincode::serde::encode_into_std_write(value, out, bincode::config::standard())
        .map(drop)
        .map_err(PayloadError::Encode)
}

/// Returns the number of bytes of the encoding of `value`.
pub(crate) fn encoded_len<T: Serialize + ?Sized>(value: &T) -> Result<usize, PayloadError> {
    let mut length = Length(0);
    write(value, &mut length)?;
    Ok(length.0)
}

/// Counts the bytes that are written to it, and keeps none.
struct Length(usize);

impl std::io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Reads a value that owns its parts, from exactly these bytes.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, PayloadError> {
    decode_borrowed(bytes)
}

/// Reads a value that may borrow from the bytes (`&str`, `&[u8]`), from exactly these bytes.
pub(crate) fn decode_borrowed<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, PayloadError> {
    match value::read(bytes).map_err(PayloadError::Decode)? {
        (value, 0) => Ok(value),
        (_, left) => Err(PayloadError::Trailing(left)),
    }
}

/// Reads a value by a seed, from exactly these bytes.
pub(crate) fn decode_seed<'a, T: DeserializeSeed<'a>>(
    bytes: &'a [u8],
    seed: T,
) -> Result<T::Value, PayloadError> {
    match value::read_seed(bytes, seed).map_err(PayloadError::Decode)? {
        (value, 0) => Ok(value),
        (_, left) => Err(PayloadError::Trailing(left)),
    }
}

/// Reads two values that may borrow from the bytes: the first one from exactly the first `first` bytes, the second one
/// from exactly the rest. What is bounded for one value is bounded for both together.
pub(crate) fn decode_both<'a, A: Deserialize<'a>, B: Deserialize<'a>>(
    bytes: &'a [u8],
    first: usize,
) -> Result<(A, B), PayloadError> {
    match value::read_both(bytes, first).map_err(PayloadError::Decode)? {
        (values, 0) => Ok(values),
        (_, left) => Err(PayloadError::Trailing(left)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tuple_is_the_concatenation_of_its_elements() {
        let (mut whole, mut parts) = (Vec::new(), Vec::new());
        append(&("ada", 100u64, Some(true)), &mut whole).unwrap();
        append("ada", &mut parts).unwrap();
        append(&(100u64, Some(true)), &mut parts).unwrap();
        assert_eq!(whole, parts);
    }

    #[test]
    fn a_length_is_that_of_the_encoding() {
        for value in [("", 0u64, None), ("ada", 1 << 40, Some(true))] {
            let mut bytes = Vec::new();
            append(&value, &mut bytes).unwrap();
            assert_eq!(encoded_len(&value).unwrap(), bytes.len());
        }
    }

    #[test]
    fn trailing_bytes_are_refused() {
        assert!(matches!(decode::<u8>(&[1, 2]), Err(PayloadError::Trailing(1))));
    }

    #[test]
    fn what_is_bounded_for_one_value_is_bounded_for_two() {
        let encoded = |one: usize, other: usize| {
            let mut bytes = Vec::new();
            append(&vec![(); one], &mut bytes).unwrap();
            let first = bytes.len();
            append(&vec![(); other], &mut bytes).unwrap();
            (bytes, first)
        };
        let both = |(bytes, first): (Vec<u8>, usize)| decode_both::<Vec<()>, Vec<()>>(&bytes, first).is_ok();
        assert!(both(encoded(2_000, 2_000)));
        // Each alone is within the bound.
        assert!(!both(encoded(2_052, 2_051)));
    }

    #[test]
    fn borrowed_strings_point_into_the_bytes() {
        let mut bytes = Vec::new();
        append(&("ada", 7u8), &mut bytes).unwrap();
        let (name, seven): (&str, u8) = decode_borrowed(&bytes).unwrap();
        assert!(bytes.as_ptr_range().contains(&name.as_ptr()));
        assert_eq!((name, seven), ("ada", 7));
    }
}
