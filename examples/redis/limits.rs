//! All limits of the server: what a client may send, and what one process gives to its clients.
//!
//! A client that exceeds a limit of a command gets one text for it, whichever command it sent, and its connection
//! continues. `CONFIG GET proto-max-bulk-len` says [`VALUE_LEN_MAX`].

use std::fmt;

/// Longest value in bytes, and longest word of a command. It fits into one command of the log with a key of any length,
/// and as a result. `APPEND` compares with it on every replica, so another length would make old logs mean something
/// else.
pub const VALUE_LEN_MAX: usize = (4 << 20) - (128 << 10);

/// Longest key in bytes: 64 KiB in the log, where its own length takes three of them.
pub const KEY_LEN_MAX: usize = (64 << 10) - 3;

/// Most bytes of the keys and values of one command, as the log has them: 1 to 5 bytes more than its length for each of
/// them, and as many for their number. The framing in which the client sent them does not count.
pub const COMMAND_LEN_MAX: usize = 4 << 20;

/// Most bytes of values in one result of the store, with 6 bytes more for each.
pub(crate) const RESULT_LEN_MAX: usize = 4 << 20;

/// Most bytes of the values that one `MGET` answers; the last value may exceed it. More than 4 MiB are read in
/// several steps, for which no other command of the connection may have begun.
pub const VALUES_LEN_MAX: usize = 32 << 20;

/// Longest name that a client may give itself, in bytes.
pub const NAME_LEN_MAX: usize = 1 << 10;

/// Most words of one command, including its name. Redis has had the same limit up to version 6.
pub const WORDS_MAX: usize = 1 << 20;

/// Most names of one `COMMAND INFO`, and parameters of one `CONFIG GET`: each answer takes memory, however short its name.
pub(crate) const ASKED_MAX: usize = 1 << 10;

/// Longest word in bytes that is received and dropped, so that its command gets an error and the connection continues.
/// A longer one is an error of the protocol, as in Redis one that is longer than `proto-max-bulk-len`.
pub const DROPPED_LEN_MAX: usize = 64 << 20;

/// Longest line in bytes: an inline command, or the header of an array or a string. The same as in Redis.
pub const LINE_LEN_MAX: usize = 64 << 10;

/// Most concurrent connections; fewer if the process may not have that many descriptors.
pub(crate) const CONNECTIONS_MAX: usize = 10_000;

/// Number of descriptors reserved for the member itself: its log, and its connections to the others.
pub(crate) const DESCRIPTORS_RESERVED: usize = 256;

/// Most commands of one connection that are in flight at one time. Nothing more is begun for the connection above that,
/// so a pipeline of any length proceeds in windows of this length.
pub(crate) const COMMANDS_IN_HAND_MAX: usize = 64;

/// Most bytes of those commands, and also, counted separately, of their expected answers. One command is always let
/// through.
pub(crate) const BYTES_IN_HAND_MAX: usize = 8 << 20;

/// Most bytes of the values that all connections wait for. The lengths are not known before, so each answer counts as the
/// longest recent one of its connection, and the first as the longest value. Above it, each connection has one command
/// in flight. The leader keeps the answers until the member that asked has received them, and closes the connection of
/// a member for which it keeps 64 MiB.
pub(crate) const ANSWERS_MAX: usize = 32 << 20;

/// Expected bytes of each answer before the first one, which makes the first windows short. Later the longest recent
/// answer counts. The true length is known only when an answer arrives. The worst case is a window of the longest
/// values after only short answers.
pub(crate) const ANSWER_LEN_FIRST: usize = BYTES_IN_HAND_MAX / 16;

/// Most bytes of answers that wait for the client to read; the last answer may exceed it. No further command is begun
/// above that.
pub(crate) const OUTPUT_LEN_MAX: usize = 256 << 10;

/// Most bytes of one connection's requests that are read ahead, and not begun, while the client leaves its answers
/// unread. A client may write that much, and what its socket and the limits above hold, before it reads.
pub const AHEAD_LEN_MAX: usize = 64 << 20;

/// Most bytes of requests that are read ahead for all connections. Above it, those who have more to send wait.
pub const AHEAD_MAX: usize = 256 << 20;

/// Bytes of one read.
pub(crate) const READ_LEN: usize = 16 << 10;

/// Most bytes of all connections' buffers and commands together, without answers that are still to come. A connection
/// that needs more is closed.
pub(crate) const MEMORY_MAX: usize = 1 << 30;

/// The part of a command that is longer than its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oversized {
    /// A word, or the value that it would make, is longer than [`VALUE_LEN_MAX`].
    Value,
    /// A key is longer than [`KEY_LEN_MAX`].
    Key,
    /// Keys and values together are longer than [`COMMAND_LEN_MAX`].
    Command,
    /// The values to answer are longer than [`VALUES_LEN_MAX`].
    Values,
    /// The client's name is longer than [`NAME_LEN_MAX`].
    Name,
}

impl std::error::Error for Oversized {}

impl fmt::Display for Oversized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, max) = match self {
            // Redis' own text.
            Oversized::Value => {
                return f.write_str("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
            }
            Oversized::Key => ("key", KEY_LEN_MAX),
            Oversized::Command => ("command", COMMAND_LEN_MAX),
            Oversized::Values => ("answer", VALUES_LEN_MAX),
            Oversized::Name => ("client name", NAME_LEN_MAX),
        };
        write!(f, "ERR {what} exceeds maximum allowed size ({max} bytes), nothing was changed")
    }
}
