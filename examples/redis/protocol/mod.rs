//! The Redis protocol, without any I/O: bytes to words ([`Reader`]), frames to bytes (`answer.rs`). What words
//! mean is the business of `command/`.
//!
//! Answers are frames of the library `redis-protocol`, and encoded by it. Requests are not decoded by it: its
//! decoder follows arrays into any depth, believes every length, and begins anew with each byte that comes in.
//! A request is a flat array of strings, or a line, so that little is left to do by ourselves.

pub(crate) mod answer;
mod error;
mod inline;
mod reader;

pub use answer::Version;
pub use error::ProtocolError;
pub use reader::{Reader, Words};

/// Most words of one command, its name included: as Redis has it.
pub const WORDS_MAX: usize = 1 << 20;
/// Longest word, in bytes: what one command of the log can hold.
pub const WORD_LEN_MAX: usize = 4 << 20;
/// Longest command, in bytes as they are received. More than the log takes, which says so by itself.
pub const COMMAND_LEN_MAX: usize = WORD_LEN_MAX + (1 << 20);
/// Longest line: of an inline command, or before an array or a string. As Redis has it.
pub const LINE_LEN_MAX: usize = 64 << 10;
