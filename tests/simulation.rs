//! Runs the simulated cluster over many seeds, on all cores.
//!
//! `cargo test -p copycat-tests --test simulation` runs 250 seeds; `COPYCAT_SEEDS=10000` takes minutes.
//! `COPYCAT_SEED=7` runs one seed alone and prints its events. `COPYCAT_FIRST_SEED` begins at another seed than 1,
//! and `COPYCAT_LINES` is the number of lines that a failed run shows. Add `-- --nocapture` for the figures.

use copycat::testing::simulation::{Failure, Options, Report, run};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Number of seeds of an ordinary test run, which takes less than ten seconds on two cores.
const SEEDS: u64 = 250;
/// Least average figures of a run. With fewer, a run proves nothing.
const COMMITS_MIN: u64 = 200;
const CHANGES_MIN: u64 = 1;
const QUIETS_MIN: u64 = 1;
const LINED_READS_MIN: u64 = 50;

#[test]
fn no_seed_breaks_an_invariant() {
    let mut options = Options::default();
    if let Some(lines) = number("COPYCAT_LINES") {
        options.tail_lines = lines as usize;
    }
    if let Some(seed) = number("COPYCAT_SEED") {
        match run(seed, &options) {
            Ok(report) => return println!("{report}\ntrace {:016x}", report.trace),
            Err(failure) => panic!("\n{failure}"),
        }
    }
    let (first, count) =
        (number("COPYCAT_FIRST_SEED").unwrap_or(1), number("COPYCAT_SEEDS").unwrap_or(SEEDS));
    let began = Instant::now();
    let report = sweep(first, count, &options).unwrap_or_else(|failure| panic!("\n{failure}"));
    println!("{report}\nin {:.1} s", began.elapsed().as_secs_f64());
    assert!(report.commits >= COMMITS_MIN * count, "too little was committed to prove anything:\n{report}");
    assert!(report.changes >= CHANGES_MIN * count, "leaders changed too rarely to prove anything:\n{report}");
    assert!(report.lined_reads >= LINED_READS_MIN * count, "too few reads kept a place:\n{report}");
    if count >= SEEDS {
        assert!(report.quiets >= QUIETS_MIN * count, "groups were quiet too rarely:\n{report}");
        assert!(report.busy > 0 && report.halted > 0, "no bound, or no old program, was ever met:\n{report}");
        assert!(report.faults.missing().is_empty(), "never injected: {:?}", report.faults.missing());
    }
}

/// Runs `count` seeds from `first` on. Returns the sum of all reports, or the failure of the smallest seed that
/// failed before the other threads stopped.
fn sweep(first: u64, count: u64, options: &Options) -> Result<Report, Box<Failure>> {
    let next = AtomicU64::new(first);
    let outcome = Mutex::new((Report::default(), None::<Box<Failure>>));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        return;
                    }
                    let result = run(seed, options);
                    let mut outcome = outcome.lock().expect("no thread panics with the lock");
                    match result {
                        Ok(report) => outcome.0.add(&report),
                        Err(failure) => {
                            next.store(first + count, Ordering::Relaxed);
                            let earlier = outcome.1.take().filter(|other| other.seed < seed);
                            outcome.1 = earlier.or(Some(failure));
                        }
                    }
                }
            });
        }
    });
    let (report, failure) = outcome.into_inner().expect("no thread panics with the lock");
    failure.map_or(Ok(report), Err)
}

fn number(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{variable} is no number: {value}")))
}
