//! Single layers at full speed: consensus without I/O, and the log without consensus.

use super::arguments::Options;
use super::report::{milliseconds, print};
use copycat::testing::speed::{Appended, Log, Raw, ReadBack, core as core_speed};
use serde::Serialize;
use std::error::Error;

/// Number of turns that log and file take. Disturbances of the machine then affect both.
const TURNS: u32 = 10;
/// Length of the plain file in bytes.
const FILE: u64 = 256 << 20;
/// Number of entries that are read one at a time.
const RANDOM: u64 = 200_000;

#[derive(Serialize)]
struct Core {
    op: &'static str,
    batch: u64,
    entries_per_s: u64,
}

/// Measures three consensus cores on this thread.
pub(crate) fn core(options: &Options) {
    for batch in options.batches.iter().copied() {
        let entries_per_s = core_speed(batch, options.time) as u64;
        print(&Core { op: "core", batch, entries_per_s });
    }
}

#[derive(Serialize)]
struct Append {
    op: &'static str,
    batch: u64,
    value: usize,
    /// Segments are reused, as they are when snapshots free them.
    recycled: bool,
    log_per_s: u64,
    raw_per_s: u64,
    ratio: f64,
}

#[derive(Serialize)]
struct Read {
    op: &'static str,
    entries: u64,
    ms: f64,
    entries_per_s: u64,
}

/// Measures the log and a plain file on the same disk.
pub(crate) fn log(options: &Options) -> Result<(), Box<dyn Error>> {
    let data_directory = match &options.data {
        Some(data) => tempfile::tempdir_in(data)?,
        None => tempfile::tempdir()?,
    };
    for recycled in [true, false] {
        for batch in options.batches.iter().copied() {
            let mut raw = Raw::create(&data_directory.path().join("raw"), FILE)?;
            let directory = data_directory.path().join(format!("log-{recycled}-{batch}"));
            let (mut log, _) = Log::open(&directory);
            append(options, batch, recycled, &mut log, &mut raw)?;
            drop(log);
            if !recycled {
                read(&directory);
            }
            std::fs::remove_dir_all(directory)?;
        }
    }
    Ok(())
}

fn append(
    options: &Options,
    batch: u64,
    recycled: bool,
    log: &mut Log,
    raw: &mut Raw,
) -> Result<(), Box<dyn Error>> {
    let turn = options.time / TURNS;
    // The first segments are short, and none can be reused yet.
    log.append(batch, options.value, turn, recycled);
    let (mut ours, mut theirs) = (Rate::default(), Rate::default());
    for _ in 0..TURNS {
        ours.add(&log.append(batch, options.value, turn, recycled));
        theirs.add(&raw.append(batch, options.value, turn)?);
    }
    let ratio = ours.per_s() / theirs.per_s();
    print(&Append {
        op: "log",
        batch,
        value: options.value,
        recycled,
        log_per_s: ours.per_s() as u64,
        raw_per_s: theirs.per_s() as u64,
        ratio: (ratio * 100.0).round() / 100.0,
    });
    Ok(())
}

#[derive(Default)]
struct Rate {
    entries: u64,
    seconds: f64,
}

impl Rate {
    fn add(&mut self, appended: &Appended) {
        self.entries += appended.entries;
        self.seconds += appended.took.as_secs_f64();
    }

    fn per_s(&self) -> f64 {
        self.entries as f64 / self.seconds
    }
}

fn read(directory: &std::path::Path) {
    let (log, took) = Log::open(directory);
    let sequential = log.read_all();
    show("log recovery", ReadBack { entries: sequential.entries, took });
    show("log sequential read", sequential);
    show("log random read", log.read_random(RANDOM));
}

fn show(op: &'static str, read: ReadBack) {
    let entries_per_s = (read.entries as f64 / read.took.as_secs_f64()) as u64;
    print(&Read { op, entries: read.entries, ms: milliseconds(read.took), entries_per_s });
}
