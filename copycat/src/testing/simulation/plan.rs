//! The parameters of one run, drawn from its seed.

use super::chance::{chance, millis};
use super::faults::Fault;
use super::options::Options;
use crate::node::shard::Bounds;
use crate::storage;
use fastrand::Rng;
use std::ops::Range;
use std::time::Duration;

/// The parameters of one run.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Number of members; their ids are 1 to this.
    pub members: usize,
    /// Number of groups; their ids are 1 to this.
    pub groups: u64,
    pub clients: usize,
    pub lines: usize,
    pub faulty: Duration,
    /// The kinds of faults in this run: a random half of all.
    pub faults: Vec<Fault>,
    /// One-way delay of a message without faults, in microseconds.
    pub delay_us: Range<u64>,
    /// Per mille of messages that are lost, duplicated, or held up for longer than elections take.
    pub loss: u32,
    pub duplication: u32,
    pub hold_up: u32,
    /// Per mille of messages that do not fit the queue of their connection.
    pub crowding: u32,
    /// Per mille of requests that are malformed, or make the state machine panic.
    pub malformed: u32,
    pub panicking: u32,
    /// Until the healing, this member runs a program that lacks a command of the others.
    pub old: Option<usize>,
    /// The first election timeout of the members.
    pub timeout: Duration,
    /// Messages of one connection keep their order, including Raft messages.
    pub in_order: bool,
    /// Duration of a flush without faults, in microseconds.
    pub flush_us: Range<u64>,
    /// Longest command in bytes.
    pub command_max: usize,
    /// Number of rounds of heartbeats without any activity before a group becomes quiet.
    pub quiet_after: u64,
    /// Raft's windows: most entries in one append, and most appends in flight.
    pub entries_max: u64,
    pub inflight_max: usize,
    /// The bounds of every shard and journal; `None` stands for those of production.
    pub small: Option<Small>,
}

/// Bounds that a log of a few kilobytes reaches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Small {
    pub bounds: Bounds,
    batch_max: u64,
    recent_bytes_max: u64,
    recent_batches_max: usize,
}

impl Plan {
    /// Draws the parameters of a run.
    pub(super) fn draw(options: &Options, random: &mut Rng) -> Plan {
        let faults: Vec<Fault> = Fault::ALL.into_iter().filter(|_| random.bool()).collect();
        let rate = |fault, range: Range<u32>, random: &mut Rng| {
            if faults.contains(&fault) { random.u32(range) } else { 0 }
        };
        let faulty = options.faulty.clone();
        let span = faulty.start.as_millis() as u64..faulty.end.as_millis() as u64;
        let members = *random.choice(&[3, 3, 3, 3, 3, 3, 3, 5, 5, 4, 2, 1]).unwrap_or(&3);
        let command_max = *random.choice(&[64, 64, 64, 64, 64, 1_000, 1_000, 6_000, 40_000]).unwrap_or(&64);
        let old = random.usize(0..members);
        let (usual, changed) = (options.election_timeout, millis(random, options.changed_timeout_ms.clone()));
        Plan {
            members,
            groups: *random.choice(&[1, 1, 2, 3]).unwrap_or(&1),
            clients: random.usize(options.clients.clone()),
            lines: random.usize(options.lines.clone()),
            faulty: millis(random, span),
            loss: rate(Fault::Loss, 1..150, random),
            duplication: rate(Fault::Duplication, 1..100, random),
            hold_up: rate(Fault::HoldUp, 1..30, random),
            crowding: rate(Fault::Crowding, 1..60, random),
            malformed: rate(Fault::Malformed, 5..60, random),
            panicking: rate(Fault::Panic, 5..60, random),
            // The other members must form a quorum.
            old: (members > 2 && faults.contains(&Fault::OldProgram)).then_some(old),
            timeout: if faults.contains(&Fault::Retiming) && random.bool() { changed } else { usual },
            in_order: !faults.contains(&Fault::Reordering),
            delay_us: if chance(random, 700) { 50..500 } else { 500..8_000 },
            flush_us: if chance(random, 700) { 50..1_500 } else { 1_000..9_000 },
            command_max,
            // Short appends leave long logs half repaired. Rules about terms matter there.
            quiet_after: *random.choice(&[0, 0, 1, 3, 20]).unwrap_or(&0),
            entries_max: *random.choice(&[1, 2, 6, 64]).unwrap_or(&64),
            inflight_max: *random.choice(&[1, 2, 8]).unwrap_or(&8),
            small: chance(random, options.small_bounds).then(|| Small::draw(command_max, random)),
            faults,
        }
    }

    /// Returns the options of the journals.
    pub(super) fn storage(&self, options: &Options, owner: storage::Owner) -> storage::JournalOptions {
        let kept = storage::JournalOptions {
            segment_len: options.segment_len,
            ..storage::JournalOptions::new(owner)
        };
        let Some(Small { batch_max, recent_bytes_max, recent_batches_max, .. }) = self.small else {
            return kept;
        };
        storage::JournalOptions { batch_max, recent_bytes_max, recent_batches_max, ..kept }
    }
}

impl Small {
    /// Draws all small bounds. Their unit is the average length of an entry of this run.
    fn draw(command_max: usize, random: &mut Rng) -> Small {
        let entry = 64 + command_max / 2;
        let mut bytes = |entries: Range<usize>| entry * random.usize(entries);
        let bounds = Bounds {
            argument_bytes_max: bytes(6..60) as u64,
            // In whole blocks, the unit in which the disk can lag.
            backlog_bytes_max: 4_096 + bytes(0..60) as u64,
            proposed_bytes: bytes(1..8),
            forwarded_bytes: bytes(1..8),
            piece_bytes: bytes(1..20),
            // High enough that a restarted member applies all of its log in time.
            dispatched_bytes: bytes(4..40),
            unapplied_bytes: bytes(4..40) as u64,
            requests_max: 0,
            lazy_entries: 0,
        };
        let (batch_max, recent_bytes_max) = (4_096 + bytes(0..40) as u64, bytes(0..40) as u64);
        Small {
            bounds: Bounds { requests_max: random.usize(4..20), lazy_entries: random.u64(0..8), ..bounds },
            batch_max,
            recent_bytes_max,
            recent_batches_max: random.usize(1..8),
        }
    }
}
