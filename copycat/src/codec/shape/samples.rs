//! The values that the tracer shows to a type. Most types take the first; some accept only a few.

/// Numbers. The first is 1, because many types refuse zero.
pub(super) const NUMBERS: [u8; 18] = [1, 0, 2, 3, 5, 10, 16, 100, 4, 6, 7, 8, 9, 11, 12, 13, 14, 15];

/// Texts, from the commonest to those that types of well-known crates parse.
pub(super) const TEXTS: [&str; 44] = [
    "",
    "a",
    "1",
    "0",
    "1.0.0",
    "^1.0",
    "2001-01-01",
    "01:01:01",
    "2001-01-01T01:01:01",
    "2001-01-01T01:01:01Z",
    "2001-01-01 01:01:01 +00:00",
    "+00:00",
    "UTC",
    "Mon",
    "Jan",
    "127.0.0.1",
    "::1",
    "127.0.0.1:1",
    "[::1]:1",
    "10.0.0.0/8",
    "http://localhost/",
    "a@localhost",
    "00000000-0000-4000-8000-000000000001",
    "0000000000000000000000000000000000000000000000000000000000000001",
    "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "000000000000000000000001",
    "00000000000000000000000000000001",
    "0000000000000000000000000000000000000001",
    "0x0000000000000000000000000000000000000001",
    "00:00:00:00:00:01",
    "#000000",
    "A",
    "1.0",
    "true",
    "1s",
    "PT1S",
    "1970-01",
    "USD",
    "US",
    "en-US",
    "AA==",
    "text/plain",
    "/a",
    "+12025550123",
];

/// A zero-free array of bytes; its beginnings are the samples of byte strings.
pub(super) const BYTES: [u8; 65] = [1; 65];

/// Lengths of byte strings: those of numbers, addresses, identifiers, digests and keys.
pub(super) const BYTE_LENGTHS: [usize; 14] = [0, 1, 2, 4, 6, 8, 12, 16, 20, 24, 32, 48, 64, 65];

/// Characters.
pub(super) const CHARS: [char; 4] = ['a', 'A', '1', '-'];
