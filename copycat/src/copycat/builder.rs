//! Describes a member, and reports everything that is wrong with the description at once.

use super::durations::{REQUEST_TIMEOUT, milliseconds, outside};
use super::storage::Storage;
use super::{Copycat, MemoryNetwork};
use crate::cluster::Cluster;
use crate::codec::ids::MemberId;
use crate::error::{ConfigError, Error};
use crate::node::{ELECTION_TIMEOUT_MAX, Node, Options};
use crate::resource::block_on::block_on_outside;
use crate::transport::network::Transport;
use crate::transport::tcp::Tcp;
use std::sync::Arc;
use std::time::Duration;

/// The bounds of the election timeout.
const ELECTION_TIMEOUT: (Duration, Duration) = (Duration::from_millis(20), ELECTION_TIMEOUT_MAX);
/// The bounds of the heartbeat interval.
const HEARTBEAT_INTERVAL: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(15));

/// Describes a member; [`open`](Self::open) starts it.
#[derive(Clone)]
#[must_use = "a builder does nothing until `open` is called"]
pub struct CopycatBuilder {
    cluster: Option<Cluster>,
    storage: Option<Storage>,
    network: Arc<dyn Transport>,
    election_timeout: Duration,
    heartbeat_interval: Duration,
    request_timeout: Duration,
}

impl std::fmt::Debug for CopycatBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CopycatBuilder")
            .field("cluster", &self.cluster)
            .field("storage", &self.storage)
            .finish_non_exhaustive()
    }
}

impl CopycatBuilder {
    pub(super) fn new() -> CopycatBuilder {
        CopycatBuilder {
            cluster: None,
            storage: None,
            network: Arc::new(Tcp),
            election_timeout: Duration::from_millis(250),
            heartbeat_interval: Duration::from_millis(50),
            request_timeout: Duration::from_secs(5),
        }
    }

    /// Sets the cluster, and which of its members this is. Required.
    pub fn with_cluster(mut self, cluster: Cluster) -> Self {
        self.cluster = Some(cluster);
        self
    }

    /// Sets where the member stores its log. Required.
    pub fn with_storage(mut self, storage: Storage) -> Self {
        self.storage = Some(storage);
        self
    }

    /// Sends messages in memory instead of over TCP: for tests and for clusters within one process.
    pub fn with_memory_network(mut self, network: &MemoryNetwork) -> Self {
        self.network = Arc::new(network.0.clone());
        self
    }

    /// Sets the shortest time without a leader before a member stands for election. Each timeout is drawn at random
    /// between this time and twice this time. Must be the same on all members. Default 250 ms, 20 ms to 60 s.
    ///
    /// It may be changed while no member runs. After a change to a shorter timeout, a member does not vote for the
    /// length of the old one, because it may have supported a lease of that length.
    pub fn with_election_timeout(mut self, timeout: Duration) -> Self {
        self.election_timeout = timeout;
        self
    }

    /// Sets the time between two heartbeats of a leader. Must be the same on all members. Default 50 ms, 5 ms to 15
    /// s, and at most a quarter of the election timeout.
    pub fn with_heartbeat_interval(mut self, interval: Duration) -> Self {
        self.heartbeat_interval = interval;
        self
    }

    /// Sets how long a request may take before its caller gets an error: the outcome is unknown, or no leader was
    /// found. The time that your own methods take is not counted. Default 5 s, 10 ms to 10 min.
    pub fn with_request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// Starts the member: opens its directory, recovers its log, listens, and begins to look for the other members.
    /// It does not wait for them; opening a resource on the member does.
    ///
    /// # Errors
    ///
    /// All errors of the description at once ([`Error::config_errors`]), or the reason why the directory, the log or
    /// the address cannot be used.
    pub async fn open(self) -> Result<Copycat, Error> {
        let errors = self.errors();
        let (Some(cluster), Some(storage), []) = (self.cluster, self.storage, errors.as_slice()) else {
            return Err(Error::config("Copycat::builder()", errors));
        };
        let seeds = cluster.seeds().iter().map(|seed| (MemberId(seed.id()), seed.address().to_owned()));
        let options = Options {
            me: MemberId(cluster.local_member().id()),
            seeds: seeds.collect(),
            listen: cluster.local_member().address().to_owned(),
            network: self.network,
            storage: storage.into_node(),
            election_timeout: self.election_timeout,
            heartbeat_interval: self.heartbeat_interval,
            request_timeout: self.request_timeout,
        };
        let node = Node::start(options).await?;
        Ok(Copycat::new(cluster, Arc::new(node)))
    }

    /// Starts the member as [`open`](Self::open) does, blocking the calling thread: for programs without a runtime.
    ///
    /// # Errors
    ///
    /// The errors of [`open`](Self::open); also an error on a thread of a member, for example inside a state's method.
    pub fn open_sync(self) -> Result<Copycat, Error> {
        block_on_outside(self.open())
    }

    fn errors(&self) -> Vec<ConfigError> {
        let mut errors = Vec::new();
        if self.cluster.is_none() {
            errors.push(ConfigError::NoCluster);
        }
        if self.storage.is_none() {
            errors.push(ConfigError::NoStorage);
        }
        errors.extend(outside("with_election_timeout", self.election_timeout, ELECTION_TIMEOUT));
        errors.extend(outside("with_heartbeat_interval", self.heartbeat_interval, HEARTBEAT_INTERVAL));
        errors.extend(outside("with_request_timeout", self.request_timeout, REQUEST_TIMEOUT));
        if self.election_timeout < 4 * self.heartbeat_interval {
            errors.push(ConfigError::TooFewHeartbeats {
                election_ms: milliseconds(self.election_timeout),
                heartbeat_ms: milliseconds(self.heartbeat_interval),
            });
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_errors_at_once() {
        let builder = Copycat::builder()
            .with_election_timeout(Duration::from_millis(100))
            .with_heartbeat_interval(Duration::from_millis(50))
            .with_request_timeout(Duration::ZERO);
        assert_eq!(
            builder.errors(),
            [
                ConfigError::NoCluster,
                ConfigError::NoStorage,
                ConfigError::Duration {
                    method: "with_request_timeout",
                    found_ms: 0,
                    least_ms: 10,
                    most_ms: 600_000
                },
                ConfigError::TooFewHeartbeats { election_ms: 100, heartbeat_ms: 50 },
            ]
        );
    }
}
