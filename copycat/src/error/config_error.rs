//! What can be wrong with a configuration. Builders report all of it at once.

use std::path::PathBuf;
use thiserror::Error;

/// An error in what a builder was given. Nothing was opened or changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// `with_member_id` was not called.
    #[error("no member id: say which of the seeds this process is, with_member_id(1)")]
    NoMemberId,
    /// A member id is 0. Ids begin at 1.
    #[error("a member has the id 0: ids begin at 1")]
    ZeroMemberId,
    /// There is no seed.
    #[error(
        "no seed: name every founding member, this one too, with add_seed(Member::new(1, \"10.0.0.1:7400\"))"
    )]
    NoSeeds,
    /// A remote handle was given no member to connect to.
    #[error("no member: name one or more to connect to, with add_member(Member::new(1, \"10.0.0.1:7400\"))")]
    NoMembers,
    /// There are more seeds than a cluster can have voters.
    #[error("{found} seeds: add_seed may be called {limit} times")]
    TooManySeeds {
        /// The most seeds allowed.
        limit: usize,
        /// The number of seeds that were given.
        found: usize,
    },
    /// This member is not among the seeds.
    #[error("with_member_id({0}): no seed has this id; add this process's own member, too, with add_seed")]
    NotASeed(u64),
    /// Two members have the same id.
    #[error("two members have the id {0}")]
    DuplicateMember(u64),
    /// Two members have the same address.
    #[error("two members have the address {0}")]
    DuplicateAddress(String),
    /// An address is not `host:port`.
    #[error("Member::new(…, {0:?}): write an address as host:port, as in 10.0.0.1:7400 or [::1]:7400")]
    BadAddress(String),
    /// `with_cluster` was not called.
    #[error("no cluster: pass one, with_cluster(Cluster::builder()…build()?)")]
    NoCluster,
    /// `with_storage` was not called. There is no default, so that no data is kept in memory by accident.
    #[error(
        "no storage: pass one, with_storage(Storage::builder().with_directory(\"data\").build()?), or Storage::memory()"
    )]
    NoStorage,
    /// `with_directory` was not called.
    #[error("no directory: say where the log lives, with_directory(\"data\"), or use Storage::memory()")]
    NoDirectory,
    /// The directory is an existing file.
    #[error("with_directory({0:?}): it exists, and is not a directory")]
    NotADirectory(PathBuf),
    /// A size is outside its bounds.
    #[error("{method}({found}): it must lie between {least} and {most} bytes")]
    Size {
        /// The method that was given the value.
        method: &'static str,
        /// The value that was given, in bytes.
        found: u64,
        /// The smallest value allowed, in bytes.
        least: u64,
        /// The largest value allowed, in bytes.
        most: u64,
    },
    /// A duration is outside its bounds.
    #[error("{method}({found_ms} ms): it must lie between {least_ms} and {most_ms} ms")]
    Duration {
        /// The method that was given the value.
        method: &'static str,
        /// The value that was given, in milliseconds.
        found_ms: u64,
        /// The smallest value allowed, in milliseconds.
        least_ms: u64,
        /// The largest value allowed, in milliseconds.
        most_ms: u64,
    },
    /// The election timeout is shorter than four heartbeat intervals.
    #[error(
        "with_election_timeout({election_ms} ms): it must be at least four times with_heartbeat_interval({heartbeat_ms} \
         ms)"
    )]
    TooFewHeartbeats {
        /// The election timeout, in milliseconds.
        election_ms: u64,
        /// The heartbeat interval, in milliseconds.
        heartbeat_ms: u64,
    },
    /// A resource's name is empty or longer than 255 bytes.
    #[error("the name has {0} bytes: it must have 1 to 255")]
    NameLength(usize),
    /// A resource has no partitions, or too many.
    #[error("with_partitions({found}): it must lie between 1 and {limit}")]
    Partitions {
        /// The most partitions allowed.
        limit: u32,
        /// The number of partitions that were requested.
        found: u32,
    },
}
