//! The settings of the simulator. What one seed draws from them is in [`plan`](super::plan).

use std::ops::Range;
use std::time::Duration;

/// Settings of the simulator; the same for all seeds, so that a seed alone names a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long faults go on, in virtual time. Each run draws from this range.
    pub faulty: Range<Duration>,
    /// How long after the healing everything may take to be well again: leaders elected, a write and a
    /// strict read through every member for every group, equal logs and states.
    pub settle_max: Duration,
    /// Clients at work during the faults, each with one operation at a time. Drawn per run.
    pub clients: Range<usize>,
    /// Clients that call without waiting, with several calls under way in a line each. Drawn per run.
    pub lines: Range<usize>,
    /// How long a client thinks between two operations, in milliseconds. Drawn per operation.
    pub think_ms: Range<u64>,
    /// Raft's shortest election timeout, on each member's own clock, while nobody has changed it.
    pub election_timeout: Duration,
    /// What operators change it to, in milliseconds, with a restart of all members. Drawn per change.
    pub changed_timeout_ms: Range<u64>,
    /// Heartbeats in one election timeout.
    pub heartbeats: u32,
    /// How long a request may take before its client is told.
    pub request_timeout: Duration,
    /// How often a shard is told the time.
    pub tick: Duration,
    /// Runs of a thousand in which the bounds of shards and journals are small, so that every one of them is reached.
    pub small_bounds: u32,
    /// Bytes of a segment of the log: so few that segments are rolled all the time.
    pub segment_len: u64,
    /// Episodes of a thousand that are about time, beside those that chance makes so.
    pub about_time: u32,
    /// Time between the beginnings of two episodes of faults, in milliseconds. Drawn per episode.
    pub calm_ms: Range<u64>,
    /// How long an episode lasts, in milliseconds. Drawn per episode.
    pub episode_ms: Range<u64>,
    /// Lines of the trace that a failure shows.
    pub tail_lines: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            faulty: Duration::from_secs(5)..Duration::from_secs(8),
            settle_max: Duration::from_secs(8),
            clients: 4..12,
            lines: 0..4,
            think_ms: 1..30,
            election_timeout: Duration::from_millis(150),
            changed_timeout_ms: 60..800,
            heartbeats: 5,
            request_timeout: Duration::from_millis(600),
            tick: Duration::from_millis(5),
            small_bounds: 500,
            segment_len: 64 << 10,
            about_time: 300,
            calm_ms: 50..700,
            episode_ms: 30..1_200,
            tail_lines: 200,
        }
    }
}
