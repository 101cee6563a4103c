//! The reserve at the end of each segment: a full disk stops new entries before it stops votes.

use super::batch_header::BATCH_HEADER_LEN;
use super::position::BLOCK;
use crate::codec::configuration;
use crate::codec::frame::HEADER_LEN;

/// Bytes of a frame that records a term and vote.
pub(super) const VOTE_LEN: usize = HEADER_LEN;
/// Most bytes of the first entry of a new leader's term: a no-op, or a configuration.
pub(crate) const INTERNAL_LEN_MAX: usize = HEADER_LEN + configuration::ENCODED_LEN_MAX;
const _: () = assert!(
    (BATCH_HEADER_LEN + VOTE_LEN + INTERNAL_LEN_MAX) as u64 <= BLOCK,
    "the shortest segment's reserve, of four blocks, is enough for an election that closes a batch"
);

/// The purpose of a write. Entries leave a reserve for votes, and votes leave one for the closing record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Entries, and commit indexes that are recorded without them.
    Entries,
    /// Terms, votes, and the first entry of a new leader.
    Vote,
    /// The closing record of an orderly end.
    Close,
}

impl Purpose {
    /// Returns the offset that a write for this purpose may not pass in a segment of `len` bytes.
    pub(super) fn offset_max(self, len: u64) -> u64 {
        let reserve = match self {
            Purpose::Entries => (len / 16).clamp(4 * BLOCK, 256 * BLOCK),
            Purpose::Vote => BLOCK,
            Purpose::Close => 0,
        };
        assert!(reserve < len, "a segment of {len} bytes is all reserve");
        len - reserve
    }
}
