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

impl Options {
    /// When the heartbeat after one at `now` is due: at the next whole multiple of the interval. So all groups that a
    /// member leads beat at the same moments, and what they say to one follower is one message. The first pause of a
    /// leadership is shorter than the others.
    pub(crate) fn next_heartbeat(&self, now: Duration) -> Duration {
        let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let interval = nanoseconds(self.heartbeat_interval);
        assert!(interval > 0, "heartbeats are some time apart");
        let due = Duration::from_nanos((nanoseconds(now) / interval + 1).saturating_mul(interval));
        assert!(now < due && due - now <= self.heartbeat_interval, "after {now:?} comes {due:?}");
        due
    }

    /// Longest time for which the owner may hold back an answer to a heartbeat that is not urgent. A lease counts from
    /// the sending of a round. The next one renews it a heartbeat interval and this time later, when a good part of it
    /// is left.
    pub(crate) fn answer_delay_max(&self) -> Duration {
        self.election_timeout / 4
    }
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
