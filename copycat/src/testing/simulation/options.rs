//! What a run is made of: the settings of all runs, and what one seed draws from them.

use super::chance::{chance, millis};
use super::faults::Fault;
use fastrand::Rng;
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
    /// Raft's shortest election timeout, on each member's own clock.
    pub election_timeout: Duration,
    /// Time between two heartbeats.
    pub heartbeat_interval: Duration,
    /// How long a request may take before its client is told.
    pub request_timeout: Duration,
    /// How often a shard is told the time.
    pub tick: Duration,
    /// Bytes of a segment of the log: so few that segments are rolled all the time.
    pub segment_len: u64,
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
            heartbeat_interval: Duration::from_millis(30),
            request_timeout: Duration::from_millis(600),
            tick: Duration::from_millis(5),
            segment_len: 64 << 10,
            calm_ms: 50..700,
            episode_ms: 30..1_200,
            tail_lines: 200,
        }
    }
}

/// What one seed drew.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Members; ids are 1 to this.
    pub members: usize,
    /// Groups; ids are 1 to this.
    pub groups: u64,
    pub clients: usize,
    pub lines: usize,
    pub faulty: Duration,
    /// The faults of this run: a random half of all.
    pub faults: Vec<Fault>,
    /// One-way delay of a message where nothing is wrong, in microseconds.
    pub delay_us: Range<u64>,
    /// Per mille of messages that are lost, repeated, or held up for longer than elections take.
    pub loss: u32,
    pub duplication: u32,
    pub hold_up: u32,
    /// Messages of one lane keep their order, those of consensus too.
    pub in_order: bool,
    /// Time of a flush where nothing is wrong, in microseconds.
    pub flush_us: Range<u64>,
    /// Longest command in bytes.
    pub command_max: usize,
    /// Raft's windows: most entries in one append, most appends on their way.
    pub entries_max: u64,
    pub inflight_max: usize,
}

impl Plan {
    /// Draws a run.
    pub(super) fn draw(options: &Options, random: &mut Rng) -> Plan {
        let faults: Vec<Fault> = Fault::ALL.into_iter().filter(|_| random.bool()).collect();
        let rate = |fault, range: Range<u32>, random: &mut Rng| {
            if faults.contains(&fault) { random.u32(range) } else { 0 }
        };
        let faulty = options.faulty.clone();
        let span = faulty.start.as_millis() as u64..faulty.end.as_millis() as u64;
        Plan {
            members: *random.choice(&[3, 3, 3, 3, 3, 3, 3, 5, 5, 4, 2, 1]).unwrap_or(&3),
            groups: *random.choice(&[1, 1, 2, 3]).unwrap_or(&1),
            clients: random.usize(options.clients.clone()),
            lines: random.usize(options.lines.clone()),
            faulty: millis(random, span),
            loss: rate(Fault::Loss, 1..150, random),
            duplication: rate(Fault::Duplication, 1..100, random),
            hold_up: rate(Fault::HoldUp, 1..30, random),
            in_order: !faults.contains(&Fault::Reordering),
            delay_us: if chance(random, 700) { 50..500 } else { 500..8_000 },
            flush_us: if chance(random, 700) { 50..1_500 } else { 1_000..9_000 },
            command_max: *random.choice(&[64, 64, 1_000, 6_000]).unwrap_or(&64),
            // Short appends leave long logs half repaired, which is where rules about terms matter.
            entries_max: *random.choice(&[1, 2, 6, 64]).unwrap_or(&64),
            inflight_max: *random.choice(&[1, 2, 8]).unwrap_or(&8),
            faults,
        }
    }
}
