//! What a node is started with, already checked.

use super::shard;
use crate::codec::ids::MemberId;
use crate::raft;
use crate::transport::network::Transport;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Longest election timeout that a member may be given.
pub(crate) const ELECTION_TIMEOUT_MAX: Duration = Duration::from_secs(60);

/// Everything a node needs to know. The builders of the facade have checked it.
#[derive(Clone)]
pub(crate) struct Options {
    /// This member.
    pub me: MemberId,
    /// All founding members and their addresses, this one included.
    pub seeds: Vec<(MemberId, String)>,
    /// The address this member listens on, as the network understands it.
    pub listen: String,
    /// What carries its messages.
    pub network: Arc<dyn Transport>,
    /// Where it keeps what must not be forgotten.
    pub storage: Storage,
    /// Shortest time without a leader before a member stands for election.
    pub election_timeout: Duration,
    /// Time between two heartbeats of a leader.
    pub heartbeat_interval: Duration,
    /// How long a request may take before its caller is told.
    pub request_timeout: Duration,
}

/// Where a member keeps what must not be forgotten.
#[derive(Clone, Debug)]
pub(crate) enum Storage {
    /// Nowhere: a member that stops has lost its memory, and may not return under its id.
    Memory,
    /// In a directory.
    Directory {
        /// The directory.
        path: PathBuf,
        /// Bytes of one segment of the log.
        segment_len: u64,
        /// How long each flush shall take, at least.
        slowed_to: Duration,
    },
}

impl Options {
    /// The member that listens on an address is reached there by all others.
    pub(crate) fn peers(&self) -> impl Iterator<Item = &(MemberId, String)> {
        self.seeds.iter().filter(|(member, _)| *member != self.me)
    }

    /// What the shard is to know of it, and of the promises of earlier processes.
    pub(super) fn shard(&self, seed: u64, promised: Duration) -> shard::Options {
        shard::Options {
            me: self.me,
            raft: raft::options::Options {
                election_timeout: self.election_timeout,
                heartbeat_interval: self.heartbeat_interval,
                inflight_max: 64,
                entries_max: 4_096,
                seed,
            },
            promised,
            request_timeout: self.request_timeout,
            bounds: shard::Bounds::DEFAULT,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("me", &self.me).field("seeds", &self.seeds).finish_non_exhaustive()
    }
}
