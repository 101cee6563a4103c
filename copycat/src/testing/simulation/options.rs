//! The settings of the simulator. [`plan`](super::plan) holds the values that one seed draws from them.

use std::ops::Range;
use std::time::Duration;

/// Settings of the simulator. They are the same for all seeds, so a seed alone identifies a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Length of the phase of faults, in virtual time. Drawn per run.
    pub faulty: Range<Duration>,
    /// Longest time from the healing until everything works again: every group has a leader, a write and a strict
    /// read succeed through every member for every group, and logs and states are equal.
    pub settle_max: Duration,
    /// Number of clients during the faults, each with one operation at a time. Drawn per run.
    pub clients: Range<usize>,
    /// Number of lines: clients with several calls in flight, which take effect in order. Drawn per run.
    pub lines: Range<usize>,
    /// Pause of a client between two operations, in milliseconds. Drawn per operation.
    pub think_ms: Range<u64>,
    /// Raft's shortest election timeout, by each member's own clock, until an operator changes it.
    pub election_timeout: Duration,
    /// The election timeout that operators change to, in milliseconds, with a restart of all members. Drawn per
    /// change.
    pub changed_timeout_ms: Range<u64>,
    /// Number of heartbeats in one election timeout.
    pub heartbeats: u32,
    /// Longest time that a request may take before its client gets an error.
    pub request_timeout: Duration,
    /// Interval between two ticks of a shard.
    pub tick: Duration,
    /// Share of runs, per mille, in which the bounds of shards and journals are small, so that each of them is
    /// reached.
    pub small_bounds: u32,
    /// Length of a log segment in bytes. It is small, so that segments are rolled all the time.
    pub segment_len: u64,
    /// Share of episodes, per mille, that are about time, in addition to those that are drawn by chance.
    pub about_time: u32,
    /// Time between the beginnings of two episodes of faults, in milliseconds. Drawn per episode.
    pub calm_ms: Range<u64>,
    /// Length of an episode, in milliseconds. Drawn per episode.
    pub episode_ms: Range<u64>,
    /// Number of trace lines that a failure shows.
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
