//! The limits of what one process gives to its clients.

/// Most concurrent connections; fewer if the process may not have that many descriptors.
pub(crate) const CONNECTIONS_MAX: usize = 10_000;

/// Number of descriptors reserved for the member itself: its log, and its connections to the others.
pub(crate) const DESCRIPTORS_RESERVED: usize = 256;

/// Most commands of one connection that are in flight at one time. Nothing more is read from the connection above
/// that, so a pipeline of any length proceeds in windows of this length.
pub(crate) const COMMANDS_IN_HAND_MAX: usize = 64;

/// Most bytes of those commands, and also, counted separately, of their expected answers. One command is always let
/// through.
pub(crate) const BYTES_IN_HAND_MAX: usize = 8 << 20;

/// Expected bytes of each answer before the first one, which makes the first windows short. Later the longest recent
/// answer counts. The true length is known only when an answer arrives. The worst case is a window of the longest
/// values after only short answers.
pub(crate) const ANSWER_LEN_FIRST: usize = BYTES_IN_HAND_MAX / 16;

/// Most bytes of answers that wait for the client to read; the last answer may exceed it.
pub(crate) const OUTPUT_LEN_MAX: usize = 256 << 10;

/// Bytes of one read.
pub(crate) const READ_LEN: usize = 16 << 10;

/// Most bytes of all connections' buffers and commands together, without answers that are still to come. A connection
/// that needs more is closed.
pub(crate) const MEMORY_MAX: usize = 1 << 30;
