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
pub use reader::{Reader, Received, Words};
