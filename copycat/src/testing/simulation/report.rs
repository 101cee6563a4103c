//! What runs did, counted: a run that injected nothing proves nothing.

use super::faults::Fault;
use std::fmt;
use std::time::Duration;

/// Figures of one run, or of many added up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Runs.
    pub seeds: u64,
    /// Virtual time.
    pub simulated: Duration,
    /// Events that were taken out of the schedule.
    pub events: u64,
    /// How often each kind of fault was injected.
    pub faults: Counts,
    /// Entries committed, in all groups.
    pub commits: u64,
    /// Leaders elected, in all groups and terms.
    pub leaders: u64,
    /// Leaders that took the place of another, in all groups.
    pub changes: u64,
    /// Writes that were acknowledged.
    pub writes: u64,
    /// Strict and lease reads that were answered, and found fresh.
    pub reads: u64,
    /// Eventual reads that were answered, and found to show a state that was.
    pub eventual_reads: u64,
    /// Reads of lines that were answered behind unanswered writes, and found to see just what they must.
    pub lined_reads: u64,
    /// Operations whose outcome is unknown.
    pub unknown: u64,
    /// Operations that a bound turned away.
    pub busy: u64,
    /// Operations that met a halted state machine.
    pub halted: u64,
    /// Messages that were sent and checked for what they promise.
    pub messages: u64,
    /// Times a process was started on a disk that held something.
    pub restarts: u64,
    /// Segments that were created.
    pub segments: u64,
    /// Longest time from the healing to a cluster that served everybody.
    pub settled_max: Duration,
    /// Hash of everything that happened; of many runs, their exclusive or.
    pub trace: u64,
}

/// How often each kind of fault was injected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts([u64; Fault::ALL.len()]);

impl Counts {
    pub(super) fn count(&mut self, fault: Fault) {
        self.add(fault, 1);
    }

    /// So many more.
    pub(super) fn add(&mut self, fault: Fault, count: u64) {
        self.0[fault as usize] += count;
    }

    /// Whether it was ever injected.
    pub(super) fn has(&self, fault: Fault) -> bool {
        self.0[fault as usize] > 0
    }

    /// Kinds that were never injected.
    pub fn missing(&self) -> Vec<Fault> {
        Fault::ALL.into_iter().filter(|fault| self.0[*fault as usize] == 0).collect()
    }
}

impl Report {
    /// Adds the figures of further runs, in whatever order.
    pub fn add(&mut self, other: &Report) {
        self.seeds += other.seeds;
        self.simulated += other.simulated;
        self.events += other.events;
        self.faults.0.iter_mut().zip(other.faults.0).for_each(|(sum, more)| *sum += more);
        self.commits += other.commits;
        self.leaders += other.leaders;
        self.changes += other.changes;
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
            "{} entries committed, {} leaders elected, {} changes of leader",
            self.commits, self.leaders, self.changes
        )?;
        writeln!(
            f,
            "{} writes acknowledged, {} fresh and {} eventual reads checked, {} of all behind unanswered writes of their line, \
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
