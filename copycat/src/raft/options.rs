//! What a core is made with.

use crate::codec::configuration::Configuration;
use crate::codec::ids::{Index, MemberId, Term};
use crate::codec::log_shape::LogShape;
use std::time::Duration;

/// Settings of one group; the same on all of its members, except the seed.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Shortest time without a leader before a member campaigns. Each wait is drawn at random, between this and twice as
    /// long. It must be equal on all members that exchange messages, because a leader's lease counts on the time for
    /// which its followers vote for nobody else.
    pub election_timeout: Duration,
    /// Time between two rounds of heartbeats; a fraction of the election timeout.
    pub heartbeat_interval: Duration,
    /// Most appends on the way to one follower at a time; at least 1.
    pub inflight_max: usize,
    /// Most entries in one append; at least 1.
    pub entries_max: u64,
    /// Seed of this member's random numbers, and where it begins to number its campaigns. Drawn anew from all 64-bit
    /// numbers for each member and each start: an answer to a campaign of an earlier start may still be on its way.
    pub seed: u64,
}

/// What a core continues from: all of it durable.
#[derive(Clone, Debug)]
pub(crate) struct Restored {
    /// This member.
    pub id: MemberId,
    /// The configuration the group was formed with: in force while the log holds none.
    pub initial: Configuration,
    /// The longest election timeout under which this member may have promised a leader not to vote, before it stopped.
    /// An operator may have given it a shorter one since, but the leader's lease knows nothing of that.
    pub promised: Duration,
    /// The term on disk; 0 if there was never one.
    pub term: Term,
    /// The vote on disk, cast in that term.
    pub vote: Option<MemberId>,
    /// The shape of the log on disk.
    pub log: LogShape,
    /// The highest index recorded as committed; at most the last entry's. What became known later is learned again.
    pub commit: Index,
    /// The configurations in the log, ascending.
    pub configurations: Vec<(Index, Configuration)>,
}
