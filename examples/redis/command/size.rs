//! The sizes of keys, values and commands.

use super::Request;
use crate::limits::{COMMAND_LEN_MAX, KEY_LEN_MAX, Oversized, VALUE_LEN_MAX};
use bytes::Bytes;

/// Checks a request against the limits, so that no other part of the server refuses it for its size.
pub(super) fn check(request: &Request) -> Result<(), Oversized> {
    match request {
        Request::DbSize | Request::FlushAll => Ok(()),
        Request::Get(key) | Request::StrLen(key) | Request::Increment { key, .. } => check_key(key),
        Request::Set { key, value, .. }
        | Request::GetSet { key, value }
        | Request::Append { key, more: value } => check_list(1, [key], [value]),
        Request::CompareAndSet { key, old, new } => check_list(1, [key], [old, new]),
        Request::MGet(keys) | Request::Exists(keys) | Request::Del(keys) => check_list(keys.len(), keys, []),
        Request::MSet(pairs) => {
            let (keys, values) = (pairs.iter().map(|(key, _)| key), pairs.iter().map(|(_, value)| value));
            check_list(pairs.len(), keys, values)
        }
    }
}

/// Checks a list of `count` keys with their values.
fn check_list<'a>(
    count: usize,
    keys: impl IntoIterator<Item = &'a Bytes>,
    values: impl IntoIterator<Item = &'a Bytes>,
) -> Result<(), Oversized> {
    let mut len = len_of_number(count);
    for key in keys {
        check_key(key)?;
        len += len_of_number(key.len()) + key.len();
    }
    for value in values {
        if value.len() > VALUE_LEN_MAX {
            return Err(Oversized::Value);
        }
        len += len_of_number(value.len()) + value.len();
    }
    if len > COMMAND_LEN_MAX { Err(Oversized::Command) } else { Ok(()) }
}

fn check_key(key: &Bytes) -> Result<(), Oversized> {
    if key.len() > KEY_LEN_MAX { Err(Oversized::Key) } else { Ok(()) }
}

/// Returns the bytes that a length takes in the log.
fn len_of_number(number: usize) -> usize {
    match number {
        0..=250 => 1,
        251..=0xffff => 3,
        _ => 5,
    }
}
