//! Prints figures as one JSON object per line, with the machine that they are from.

use hdrhistogram::Histogram;
use serde::Serialize;
use std::fs;
use std::io::{self, Write};
use std::iter::Sum;
use std::ops::Sub;
use std::time::Duration;

/// Prints one measurement.
pub(crate) fn print(figures: &impl Serialize) {
    let line = serde_json::to_string(&Line { figures, machine: machine() }).expect("figures are plain");
    // The reader may have closed the output.
    let _ = writeln!(io::stdout(), "{line}");
}

#[derive(Serialize)]
struct Line<'a, T> {
    #[serde(flatten)]
    figures: &'a T,
    machine: String,
}

/// Returns processor, cores and kernel. Figures of different machines must not be compared.
fn machine() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{cores} x {}, Linux {}", model.map_or("?", |(_, name)| name), kernel.trim())
}

/// Creates a histogram of latencies with three digits.
pub(crate) fn latencies() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 3_600_000_000_000, 3).expect("bounds that are allowed")
}

/// Returns a quantile in microseconds, with one decimal.
pub(crate) fn quantile_us(latencies: &Histogram<u64>, quantile: f64) -> f64 {
    (latencies.value_at_quantile(quantile) as f64 / 100.0).round() / 10.0
}

/// Processor time in seconds, spent in the program and in the system.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cpu(f64);

impl Cpu {
    /// Returns the seconds, with two decimals.
    pub(crate) fn seconds(self) -> f64 {
        (self.0 * 100.0).round() / 100.0
    }
}

impl Sum for Cpu {
    fn sum<I: Iterator<Item = Cpu>>(all: I) -> Cpu {
        Cpu(all.map(|cpu| cpu.0).sum())
    }
}

impl Sub for Cpu {
    type Output = Cpu;

    fn sub(self, earlier: Cpu) -> Cpu {
        Cpu(self.0 - earlier.0)
    }
}

/// Returns the processor time of this process.
pub(crate) fn own_cpu() -> Cpu {
    cpu_of(std::process::id())
}

/// Returns the processor time of all threads of a process; zero if the process is gone.
pub(crate) fn cpu_of(process: u32) -> Cpu {
    /// Length of a tick in seconds, the same on every Linux system.
    const TICK: f64 = 0.01;
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The 12th and 13th field after the name, which may contain anything.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: f64 = fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    Cpu(ticks * TICK)
}

/// Number of times that threads have waited for something and were woken.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Waits(u64);

impl Waits {
    pub(crate) fn count(self) -> u64 {
        self.0
    }
}

impl Sum for Waits {
    fn sum<I: Iterator<Item = Waits>>(all: I) -> Waits {
        Waits(all.map(|waits| waits.0).sum())
    }
}

impl Sub for Waits {
    type Output = Waits;

    fn sub(self, earlier: Waits) -> Waits {
        Waits(self.0 - earlier.0)
    }
}

/// Returns the number of waits of all threads of a process; zero if the process is gone.
pub(crate) fn waits_of(process: u32) -> Waits {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let waits = threads.filter_map(|thread| {
        let status = fs::read_to_string(thread.path().join("status")).ok()?;
        let count = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
        Some(Waits(count.trim().parse().ok()?))
    });
    waits.sum()
}

/// Returns the median; of an even number, the greater of the middle two.
pub(crate) fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Returns milliseconds, with one decimal.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}
