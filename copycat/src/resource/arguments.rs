//! The encoded arguments of a command: the key first, then the others in order. Each is encoded
//! once (`encoding.rs`), except where a command with several keys is split (`split.rs`).

use crate::codec::access::Access;
use crate::codec::command::{Call, Command};
use crate::codec::frame::{BODY_MAX, KEY_MAX};
use crate::codec::ids::MethodId;
use crate::codec::payload::{self, PayloadError};
use crate::codec::shape::fingerprint::Fingerprint;
use crate::error::{Cause, Error};
use serde::de::Deserialize;
use serde::{Serialize, Serializer};

/// The initial capacity of an encoding buffer, in bytes: a small command allocates once.
pub(super) const CAPACITY: usize = 64;

/// The error for bytes that do not decode as the expected type, or for a value that cannot be encoded.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct EncodingError(pub(crate) PayloadError);

/// The encoded arguments of one command.
#[derive(Clone, Debug)]
pub struct Arguments {
    /// The encoded key, then the other encoded arguments.
    pub(crate) body: Vec<u8>,
    /// The number of leading bytes of `body` that are the key.
    pub(crate) key_len: usize,
    /// The types by which they were encoded.
    pub(crate) fingerprint: Fingerprint,
}

impl Arguments {
    /// Wraps arguments that were encoded by these types, and checks the limits of the key and of the whole.
    pub(crate) fn within_limits(
        body: Vec<u8>,
        key_len: usize,
        fingerprint: Fingerprint,
    ) -> Result<Arguments, Error> {
        assert!(key_len <= body.len(), "the key is part of the body");
        check_key_len(key_len)?;
        if body.len() > BODY_MAX {
            return Err(Cause::TooLarge { part: "command", limit: BODY_MAX, found: body.len() }.into());
        }
        Ok(Arguments { body, key_len, fingerprint })
    }

    /// Returns the call of `method` with these arguments.
    pub(crate) fn into_call(self, access: Access, method: MethodId) -> Call {
        // The length is at most `KEY_MAX`, far below what 32 bits hold.
        let command = Command { method, key_len: self.key_len as u32, body: self.body.into() };
        Call { fingerprint: self.fingerprint, ..Call::new(access, command) }
    }

    /// Returns the encoded key, which is empty for a command without a key.
    pub(crate) fn key(&self) -> &[u8] {
        &self.body[..self.key_len]
    }
}

/// Refuses a key that is longer than `KEY_MAX`.
pub(crate) fn check_key_len(found: usize) -> Result<(), Error> {
    if found > KEY_MAX { Err(Cause::TooLarge { part: "key", limit: KEY_MAX, found }.into()) } else { Ok(()) }
}

/// Checks the body of a command with a key: exactly its first `key_len` bytes must be a `K`, the rest an `A`.
pub fn check_keyed<'a, K: Deserialize<'a>, A: Deserialize<'a>>(
    body: &'a [u8],
    key_len: usize,
) -> Result<(), EncodingError> {
    payload::decode_both::<K, A>(body, key_len).map(drop).map_err(EncodingError)
}

/// Checks the body of a command without a key: all of it must be an `A`.
pub fn check_keyless<'a, A: Deserialize<'a>>(body: &'a [u8], key_len: usize) -> Result<(), EncodingError> {
    if key_len > 0 {
        return Err(EncodingError(PayloadError::Trailing(key_len)));
    }
    payload::decode_borrowed::<A>(body).map(drop).map_err(EncodingError)
}

/// A `&[u8]` argument. It encodes to the same bytes as the slice, in one step instead of one per byte.
#[derive(Clone, Copy, Debug)]
pub struct Raw<'a>(pub &'a [u8]);

impl Serialize for Raw<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// Arguments of tests, encoded as the library does.
#[cfg(test)]
impl Arguments {
    /// Encodes a key and the tuple of the other arguments.
    pub fn keyed<K: Serialize + ?Sized, A: Serialize>(key: &K, others: &A) -> Result<Arguments, Error> {
        let mut body = Vec::with_capacity(CAPACITY);
        payload::append(key, &mut body).unwrap();
        let key_len = body.len();
        check_key_len(key_len)?;
        payload::append(others, &mut body).unwrap();
        Arguments::within_limits(body, key_len, Fingerprint::UNKNOWN)
    }

    /// Encodes the tuple of the arguments of a command that has no key.
    pub fn keyless<A: Serialize>(arguments: &A) -> Result<Arguments, Error> {
        let mut body = Vec::with_capacity(CAPACITY);
        payload::append(arguments, &mut body).unwrap();
        Arguments::within_limits(body, 0, Fingerprint::UNKNOWN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_comes_first_and_is_not_repeated() {
        let arguments = Arguments::keyed("ada", &(&7u8, &true)).unwrap();
        assert_eq!((arguments.key(), &arguments.body[..]), (&b"\x03ada"[..], &b"\x03ada\x07\x01"[..]));
        let mut tuple = Vec::new();
        payload::append(&("ada", 7u8, true), &mut tuple).unwrap();
        assert_eq!(arguments.body, tuple);
    }

    #[test]
    fn raw_bytes_are_encoded_like_the_slice() {
        for length in [0, 1, 250, 251, 70_000] {
            let bytes = vec![0xa5; length];
            let (slice, raw) =
                (Arguments::keyless(&(&bytes[..],)).unwrap(), Arguments::keyless(&(Raw(&bytes),)).unwrap());
            assert_eq!(slice.body, raw.body);
            assert_eq!(payload::decode_borrowed::<&[u8]>(&raw.body).unwrap(), &bytes[..]);
        }
    }

    #[test]
    fn a_key_must_end_where_it_is_said_to_end() {
        let body = Arguments::keyed("ada", &(7u8,)).unwrap().body;
        assert!(check_keyed::<&str, (u8,)>(&body, 4).is_ok());
        for wrong in [0, 3, 5, 6, usize::MAX] {
            assert!(check_keyed::<&str, (u8,)>(&body, wrong).is_err(), "{wrong}");
        }
        assert!(check_keyless::<(&str, u8)>(&body, 0).is_ok());
        assert!(check_keyless::<(&str, u8)>(&body, 4).is_err());
    }

    #[test]
    fn keys_and_commands_of_the_largest_size_pass_and_one_byte_more_does_not() {
        let largest = vec![0u8; KEY_MAX - 3];
        assert_eq!(Arguments::keyed(&Raw(&largest), &()).unwrap().key_len, KEY_MAX);
        assert!(Arguments::keyed(&Raw(&[&largest[..], &[0]].concat()), &()).is_err());
        let largest = vec![0u8; BODY_MAX - 5];
        assert_eq!(Arguments::keyless(&(Raw(&largest),)).unwrap().body.len(), BODY_MAX);
        assert!(Arguments::keyless(&(Raw(&[&largest[..], &[0]].concat()),)).is_err());
    }
}
