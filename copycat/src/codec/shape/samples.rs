//! The values that the tracer shows to a type. Most types take the first; some accept only a few.

/// Numbers. The first is 1, because many types refuse zero.
pub(super) const NUMBERS: [u8; 8] = [1, 0, 2, 3, 5, 10, 16, 100];

/// Texts, from the commonest to those that types of well-known crates parse.
pub(super) const TEXTS: [&str; 24] = [
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
];

/// A zero-free array of bytes; its beginnings are the samples of byte strings.
pub(super) const BYTES: [u8; 65] = [1; 65];

/// Lengths of byte strings: those of numbers, addresses, identifiers, digests and keys.
pub(super) const BYTE_LENGTHS: [usize; 14] = [0, 1, 2, 4, 6, 8, 12, 16, 20, 24, 32, 48, 64, 65];

/// Characters.
pub(super) const CHARS: [char; 4] = ['a', 'A', '1', '-'];
