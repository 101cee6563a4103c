//! The Redis protocol, without any I/O: bytes to words ([`Reader`]), and frames to bytes (`answer.rs`). `command/`
//! gives words their meaning.
//!
//! Answers are frames of the library `redis-protocol`, which also encodes them. It does not decode requests: its
//! decoder follows arrays to any depth, trusts every length, and starts again with each byte that arrives. A request
//! is a flat array of strings, or a line, so the decoder here is small.

pub(crate) mod answer;
mod error;
mod inline;
mod reader;

pub use answer::Version;
pub use error::ProtocolError;
pub use reader::{Reader, Words};

/// Most words of one command, including its name; the same as in Redis.
pub const WORDS_MAX: usize = 1 << 20;
/// Longest word in bytes: the most that one command of the log can hold.
pub const WORD_LEN_MAX: usize = 4 << 20;
/// Longest command in bytes as received. It exceeds the limit of the log, which returns its own error.
pub const COMMAND_LEN_MAX: usize = WORD_LEN_MAX + (1 << 20);
/// Longest line in bytes: an inline command, or the header of an array or a string. The same as in Redis.
pub const LINE_LEN_MAX: usize = 64 << 10;
