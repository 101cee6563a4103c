//! The settings of a core, and the state from which it starts.

use crate::codec::configuration::Configuration;
use crate::codec::ids::{Index, MemberId, Term};
use crate::codec::log_shape::LogShape;
use std::time::Duration;

/// The settings of one group. They are the same on all of its members, except the seed.
#[derive(Clone, Debug)]
pub(crate) struct RaftOptions {
    /// The shortest time without a leader before a member campaigns. Each wait is drawn at random, between this time
    /// and twice as long; the first one of a member without a term between zero and this time. It must be equal on all
    /// members that exchange messages, because a leader's lease relies on the time for which its followers cast no
    /// vote.
    pub election_timeout: Duration,
    /// The time between two rounds of heartbeats; a fraction of the election timeout.
    pub heartbeat_interval: Duration,
    /// The number of timed rounds without any activity after which the leader lets the group become quiet, at the next
    /// one. `u64::MAX`: never.
    pub quiet_after: u64,
    /// The largest number of appends in flight to one follower; at least 1.
    pub inflight_max: usize,
    /// The largest number of entries in one append; at least 1.
    pub entries_max: u64,
    /// The seed of this member's random numbers, and the number of its first campaign. It is drawn from all 64-bit
    /// numbers for each member and each start, because an answer to a campaign of an earlier start may still be in
    /// flight.
    pub seed: u64,
}

impl RaftOptions {
    /// Returns the time at which the heartbeat after one at `now` is due: the next whole multiple of the interval. So
    /// all groups that a member leads send their heartbeats at the same time, and one message per follower carries
    /// them. The pause may be shorter at the start of a leadership and after a late tick.
    pub(crate) fn next_heartbeat(&self, now: Duration) -> Duration {
        let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let interval = nanoseconds(self.heartbeat_interval);
        assert!(interval > 0, "heartbeats are some time apart");
        let due = Duration::from_nanos((nanoseconds(now) / interval + 1).saturating_mul(interval));
        assert!(now < due && due - now <= self.heartbeat_interval, "after {now:?} comes {due:?}");
        due
    }

    /// Returns the longest time for which the owner may delay an answer to a heartbeat that is not urgent. A lease
    /// lasts 0.8 election timeouts from the sending of a round. The answers to the next round renew it, and they come
    /// at most a heartbeat interval, this time (0.25) and a round trip later.
    pub(crate) fn answer_delay_max(&self) -> Duration {
        self.election_timeout / 4
    }
}

/// The durable state from which a core continues.
#[derive(Clone, Debug)]
pub(crate) struct Restored {
    /// The id of this member.
    pub id: MemberId,
    /// The configuration with which the group was bootstrapped. It is in force while the log holds none.
    pub initial: Configuration,
    /// The longest election timeout under which this member may have answered a leader before it stopped. An operator
    /// may have set a shorter one since, but the leader's lease still relies on the longer one.
    pub longest_election_timeout: Duration,
    /// The term on disk; 0 if there is none.
    pub term: Term,
    /// The vote on disk, cast in that term.
    pub vote: Option<MemberId>,
    /// The shape of the log on disk.
    pub log: LogShape,
    /// The highest index recorded as committed; at most the last entry's. Later commits are learned again.
    pub commit: Index,
    /// The configurations in the log, ascending.
    pub configurations: Vec<(Index, Configuration)>,
}
