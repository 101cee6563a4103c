//! The journal and the connections that all groups of a shard use.

use super::bounds::Bounds;
use super::peers::Peers;
use super::shard_journal::ShardJournal;
use crate::raft::effect::Effects;

/// The log and the other members, as the cores of all groups reach them.
#[derive(Debug)]
pub(super) struct Io {
    pub shard_journal: ShardJournal,
    pub peers: Peers,
    pub bounds: Bounds,
    /// The effects of the current call of a core. Empty between calls, and kept to reuse its memory.
    pub effects: Effects,
}

impl Io {
    pub(super) fn new(shard_journal: ShardJournal, peers: Peers, bounds: Bounds) -> Io {
        Io { shard_journal, peers, bounds, effects: Effects::default() }
    }
}
