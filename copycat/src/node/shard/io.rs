//! What consensus writes to and speaks to, and what all groups of a shard share of it.

use super::bounds::Bounds;
use super::log::Log;
use super::peers::Peers;
use crate::raft::effect::Effects;

/// The log and the other members.
#[derive(Debug)]
pub(super) struct Io {
    pub log: Log,
    pub peers: Peers,
    pub bounds: Bounds,
    /// Empty between two calls of a core; kept for its memory.
    pub effects: Effects,
}

impl Io {
    pub(super) fn new(log: Log, peers: Peers, bounds: Bounds) -> Io {
        Io { log, peers, bounds, effects: Effects::default() }
    }
}
