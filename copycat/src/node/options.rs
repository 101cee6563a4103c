//! The options of a node, already checked.

use super::shard;
use crate::codec::ids::MemberId;
use crate::raft;
use crate::transport::network::Transport;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The longest election timeout that a member may be given.
pub(crate) const ELECTION_TIMEOUT_MAX: Duration = Duration::from_secs(60);

/// How long nothing must happen in a group before it needs no heartbeats of its own. Long enough for the leases of a
/// group that is read now and then.
const QUIET_AFTER: Duration = Duration::from_secs(1);

/// The options of a node. The builders of the facade have checked them.
#[derive(Clone)]
pub(crate) struct Options {
    /// This member.
    pub me: MemberId,
    /// The seeds and their addresses, including this member.
    pub seeds: Vec<(MemberId, String)>,
    /// The address this member listens on, in the network's notation.
    pub listen: String,
    /// The transport of its messages.
    pub network: Arc<dyn Transport>,
    /// The storage of its identity and journal.
    pub storage: Storage,
    /// The shortest time without a leader before a member stands for election.
    pub election_timeout: Duration,
    /// The time between two heartbeats of a leader.
    pub heartbeat_interval: Duration,
    /// The time after which a request fails with a timeout.
    pub request_timeout: Duration,
}

/// The storage of a member's identity and journal.
#[derive(Clone, Debug)]
pub(crate) enum Storage {
    /// In memory only: a member that stops has lost its data, and may not return under its id.
    Memory,
    /// In a directory on disk.
    Directory {
        /// The directory.
        path: PathBuf,
        /// The bytes of one segment of the journal.
        segment_len: u64,
        /// The minimum duration of each flush; zero: no delay is added.
        slowed_to: Duration,
    },
}

impl Options {
    /// Returns the other members and their addresses.
    pub(crate) fn peers(&self) -> impl Iterator<Item = &(MemberId, String)> {
        self.seeds.iter().filter(|(member, _)| *member != self.me)
    }

    /// Returns the options of the shard. `longest_election_timeout` includes those of earlier processes.
    pub(super) fn shard(&self, seed: u64, longest_election_timeout: Duration) -> shard::ShardOptions {
        assert!(!self.heartbeat_interval.is_zero(), "checked by the builder");
        let quiet_after = QUIET_AFTER.as_nanos() / self.heartbeat_interval.as_nanos();
        shard::ShardOptions {
            me: self.me,
            raft: raft::options::RaftOptions {
                election_timeout: self.election_timeout,
                heartbeat_interval: self.heartbeat_interval,
                quiet_after: u64::try_from(quiet_after).unwrap_or(u64::MAX),
                inflight_max: 64,
                entries_max: 4_096,
                seed,
            },
            longest_election_timeout,
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
