//! Errors of bytes that are no commands.

use std::fmt;

/// An error in the bytes of a connection. Nothing after it can be trusted, so the client gets the error, in Redis'
/// words, and the connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolError {
    /// A line is longer than [`LINE_LEN_MAX`](crate::limits::LINE_LEN_MAX), and is no header.
    LongLine,
    /// The line with the number of words is longer than that.
    LongCount,
    /// The line with the length of a word is longer than that.
    LongLength,
    /// The number of words is no number, or more than [`WORDS_MAX`](crate::limits::WORDS_MAX).
    Count,
    /// The length of a word is no number, negative, or more than
    /// [`DROPPED_LEN_MAX`](crate::limits::DROPPED_LEN_MAX).
    Length,
    /// Another byte stands where the length of a word must begin.
    NoLength(u8),
    /// A quotation has no end, or text follows it directly.
    Quotes,
}

impl std::error::Error for ProtocolError {}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ERR Protocol error: ")?;
        match self {
            ProtocolError::LongLine => f.write_str("too big inline request"),
            ProtocolError::LongCount => f.write_str("too big mbulk count string"),
            ProtocolError::LongLength => f.write_str("too big bulk count string"),
            ProtocolError::Count => f.write_str("invalid multibulk length"),
            ProtocolError::Length => f.write_str("invalid bulk length"),
            ProtocolError::NoLength(byte) => write!(f, "expected '$', got '{}'", shown(*byte)),
            ProtocolError::Quotes => f.write_str("unbalanced quotes in request"),
        }
    }
}

/// Returns a byte as it can stand in a line of the protocol: an end of a line becomes a space, as in Redis.
fn shown(byte: u8) -> char {
    match byte {
        b'\r' | b'\n' => ' ',
        byte if byte.is_ascii() => char::from(byte),
        _ => char::REPLACEMENT_CHARACTER,
    }
}
