//! A whole cluster under a virtual clock, a virtual network and simulated disks, driven by one seed in one
//! thread: real shards, journals, appliers and the wire's own encoding; everything around them is played.
//! The same seed gives the same trace, byte for byte. Nothing here waits, opens a socket or reads a clock.
//!
//! A run has a phase of faults in which clients write and read, then everything is healed, and the cluster
//! must elect, write, read and become equal everywhere. What must hold is checked after every event.
//!
//! Begin with [`run`]; then `cluster` (the loop), `process` (what a process does, and where it may end),
//! `faults` and `strikes` (what goes wrong), `ambush` (what goes wrong at the worst moment), `ledger`, `history`, `order`, `promises` and `image` (what must hold).

mod ambush;
mod chance;
mod clients;
mod clock;
mod cluster;
mod disk;
mod event;
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
mod strikes;
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

/// A run in which something happened that never must.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What makes it happen again.
    pub seed: u64,
    /// What happened, in words.
    pub violation: String,
    /// The last things that happened before, oldest first.
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

/// Runs one seed. After a failure it is run again, to tell what led to it.
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

/// What a panic said.
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
