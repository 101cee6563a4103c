//! What one process gives to its clients, at most.

/// Connections at one time; fewer if the process may not have as many descriptors.
pub(crate) const CONNECTIONS_MAX: usize = 10_000;

/// Descriptors that are left to the member itself: its log, its connections to the others.
pub(crate) const DESCRIPTORS_RESERVED: usize = 256;

/// Commands of one connection that are under way at one time. Beyond them nothing more is read from it, so that
/// a pipeline of any length goes on in windows of this length.
pub(crate) const COMMANDS_IN_HAND_MAX: usize = 64;

/// Bytes of those commands, and, apart from them, of the answers that are expected. One command is always let
/// through.
pub(crate) const BYTES_IN_HAND_MAX: usize = 8 << 20;

/// Bytes that each answer is expected to have before there was any: windows begin short. Afterwards the longest
/// one of late counts. How long an answer is in truth is known only when it is there: at worst, that is a window
/// of the longest values behind answers that were all short.
pub(crate) const ANSWER_LEN_FIRST: usize = BYTES_IN_HAND_MAX / 16;

/// Bytes of answers that wait for the client to read; the last one may go beyond it.
pub(crate) const OUTPUT_LEN_MAX: usize = 256 << 10;

/// Bytes that are read at once.
pub(crate) const READ_LEN: usize = 16 << 10;

/// Bytes of all connections' buffers and commands together, without answers that are not there yet. Whoever asks
/// for more is cut off.
pub(crate) const MEMORY_MAX: usize = 1 << 30;
