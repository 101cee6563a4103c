//! Runs a whole cluster under a virtual clock, a virtual network and simulated disks. One seed drives it, in one
//! thread. Shards, journals, appliers and the wire encoding are the real ones; everything around them is simulated.
//! The same seed gives the same trace, byte for byte. Nothing here waits, opens a socket or reads a clock.
//!
//! A run begins with a phase of faults, in which clients write and read. Then all faults end, and the cluster must
//! elect leaders, write, read, and reach equal states on all members. The invariants are checked after every event.
//!
//! Begin with [`run`]. Then read `cluster` (the loop), `process` (the steps of a process, and where it may end),
//! `faults` and `fault_episodes` (the faults), `timing_faults` (faults at the worst moment), and `ledger`, `history`,
//! `order`, `promises` and `image` (the invariants).

mod chance;
mod clients;
mod clock;
mod cluster;
mod disk;
mod event;
mod fault_episodes;
mod faults;
mod healing;
mod history;
mod image;
mod ledger;
mod lines;
mod links;
mod machine;
mod member;
mod network;
mod options;
mod order;
mod plan;
mod port;
mod process;
mod promises;
mod report;
mod schedule;
mod settle;
mod starting;
mod timing_faults;
mod trace;
mod violation;
mod watch;

pub use faults::Fault;
pub use options::Options;
pub use report::{Counts, Report};

use cluster::Cluster;
use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use trace::Trace;
use violation::Violation;

/// A run that broke an invariant.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed that reproduces the failure.
    pub seed: u64,
    /// The broken invariant, in words.
    pub violation: String,
    /// The last events before the failure, oldest first.
    pub tail: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.tail {
            writeln!(f, "{line}")?;
        }
        writeln!(f, "seed {}: {}", self.seed, self.violation)?;
        write!(f, "reproduce: COPYCAT_SEED={} cargo test -p copycat-tests --test simulation", self.seed)
    }
}

/// Runs one seed. Repeats a run that fails, to record the events that led to the failure.
pub fn run(seed: u64, options: &Options) -> Result<Report, Box<Failure>> {
    let mut trace = Trace::new(0);
    if let Ok(report) = attempt(seed, options, &mut trace) {
        return Ok(report);
    }
    let mut trace = Trace::new(options.tail_lines);
    let violation = match attempt(seed, options, &mut trace) {
        Ok(_) => "it failed once and not again: something in it is random".to_owned(),
        Err(violation) => violation.to_string(),
    };
    Err(Box::new(Failure { seed, violation, tail: trace.into_tail() }))
}

fn attempt(seed: u64, options: &Options, trace: &mut Trace) -> Result<Report, Violation> {
    let run = AssertUnwindSafe(|| Cluster::new(seed, options, trace).run());
    catch_unwind(run).unwrap_or_else(|cause| Err(Violation::Panicked(words(&*cause))))
}

/// Returns the message of a panic.
fn words(cause: &(dyn Any + Send)) -> String {
    let text = cause.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| cause.downcast_ref::<String>().cloned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_trace() {
        let options = Options::default();
        for seed in 1..4 {
            let (one, other) = (run(seed, &options).unwrap(), run(seed, &options).unwrap());
            assert_eq!(one, other, "seed {seed}");
            assert_ne!(one.trace, run(seed + 100, &options).unwrap().trace);
        }
    }
}
