//! The counters of runs. A run that injected nothing proves nothing.

use super::faults::Fault;
use std::fmt;
use std::time::Duration;

/// Counters of one run, or the sums over many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Number of runs.
    pub seeds: u64,
    /// Virtual time.
    pub simulated: Duration,
    /// Number of events taken out of the schedule.
    pub events: u64,
    /// Number of faults injected, per kind.
    pub faults: Counts,
    /// Number of entries committed, in all groups.
    pub commits: u64,
    /// Number of leaders elected, in all groups and terms.
    pub leaders: u64,
    /// Number of leaders that followed another one, in all groups.
    pub changes: u64,
    /// Number of times that a group became quiet on its leader.
    pub quiets: u64,
    /// Number of acknowledged writes.
    pub writes: u64,
    /// Number of strict and lease reads that were answered and checked to be fresh.
    pub reads: u64,
    /// Number of eventual reads that were answered and checked to show an earlier or current state.
    pub eventual_reads: u64,
    /// Number of reads of lines that were answered after unanswered writes, and checked to see exactly what they
    /// must.
    pub lined_reads: u64,
    /// Number of operations whose outcome is unknown.
    pub unknown: u64,
    /// Number of operations that a bound rejected.
    pub busy: u64,
    /// Number of operations that met a halted state machine.
    pub halted: u64,
    /// Number of messages sent and checked for their promises.
    pub messages: u64,
    /// Number of times that a process was started on a disk that held something.
    pub restarts: u64,
    /// Number of segments created.
    pub segments: u64,
    /// Longest time from the healing until the cluster worked for all clients.
    pub settled_max: Duration,
    /// Hash of all events; over many runs, the exclusive or of their hashes.
    pub trace: u64,
}

/// Number of faults injected, per kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts([u64; Fault::ALL.len()]);

impl Counts {
    pub(super) fn count(&mut self, fault: Fault) {
        self.add(fault, 1);
    }

    /// Adds `count` faults of one kind.
    pub(super) fn add(&mut self, fault: Fault, count: u64) {
        self.0[fault as usize] += count;
    }

    /// Returns whether the kind was ever injected.
    pub(super) fn has(&self, fault: Fault) -> bool {
        self.0[fault as usize] > 0
    }

    /// Returns the kinds that were never injected.
    pub fn missing(&self) -> Vec<Fault> {
        Fault::ALL.into_iter().filter(|fault| self.0[*fault as usize] == 0).collect()
    }
}

impl Report {
    /// Adds the counters of further runs, in any order.
    pub fn add(&mut self, other: &Report) {
        self.seeds += other.seeds;
        self.simulated += other.simulated;
        self.events += other.events;
        self.faults.0.iter_mut().zip(other.faults.0).for_each(|(sum, more)| *sum += more);
        self.commits += other.commits;
        self.leaders += other.leaders;
        self.changes += other.changes;
        self.quiets += other.quiets;
        self.writes += other.writes;
        self.reads += other.reads;
        self.eventual_reads += other.eventual_reads;
        self.lined_reads += other.lined_reads;
        self.unknown += other.unknown;
        self.busy += other.busy;
        self.halted += other.halted;
        self.messages += other.messages;
        self.restarts += other.restarts;
        self.segments += other.segments;
        self.settled_max = self.settled_max.max(other.settled_max);
        self.trace ^= other.trace;
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hours = self.simulated.as_secs_f64() / 3_600.0;
        writeln!(f, "{} seeds, {hours:.1} simulated hours, {} events", self.seeds, self.events)?;
        writeln!(
            f,
            "{} entries committed, {} leaders elected, {} changes of leader, {} times a quiet group",
            self.commits, self.leaders, self.changes, self.quiets
        )?;
        writeln!(
            f,
            "{} writes acknowledged, {} fresh and {} eventual reads checked, {} of all after unanswered writes of their line, \
             {} operations with an unknown outcome, {} turned away by a bound, {} met a halted state machine",
            self.writes,
            self.reads,
            self.eventual_reads,
            self.lined_reads,
            self.unknown,
            self.busy,
            self.halted
        )?;
        writeln!(
            f,
            "{} messages checked, {} restarts, {} segments, settled after at most {:.2} s",
            self.messages,
            self.restarts,
            self.segments,
            self.settled_max.as_secs_f64()
        )?;
        write!(f, "faults:")?;
        for fault in Fault::ALL {
            write!(f, " {} {},", self.faults.0[fault as usize], fault)?;
        }
        Ok(())
    }
}
