//! Measures the cost of members whose groups are idle.

use super::arguments::Options;
use super::calls::Call;
use super::processes::Processes;
use super::report::{Cpu, Waits, print};
use serde::Serialize;
use std::error::Error;
use std::fs;
use std::thread::sleep;
use std::time::Duration;

/// Time until leaders are elected and all activity has ended.
const REST: Duration = Duration::from_secs(3);

#[derive(Serialize)]
struct Figures {
    op: &'static str,
    groups: u32,
    seconds: f64,
    /// TCP segments sent per second by all processes of the machine, including acknowledgements.
    segments_per_second: f64,
    /// Average number of wake-ups per second of all threads of one member.
    wakeups_per_member_and_second: f64,
    /// Average share of one core that a member uses.
    cpu_percent: f64,
}

pub(crate) fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    for groups in options.partitions.iter().copied() {
        let mut processes = Processes::start_with(options, &[Call::MapPut], groups)?;
        await_leaders(&mut processes, groups)?;
        sleep(REST);
        let before = Moment::of(&processes)?;
        sleep(options.time);
        let after = Moment::of(&processes)?;
        print(&before.figures(&after, groups, options.time.as_secs_f64(), processes.len() as f64));
    }
    Ok(())
}

fn await_leaders(processes: &mut Processes, groups: u32) -> Result<(), Box<dyn Error>> {
    loop {
        let led: u32 = processes.reports()?.iter().flat_map(|report| report.leads_of.values()).sum();
        if led >= groups {
            return Ok(());
        }
        sleep(Duration::from_millis(100));
    }
}

struct Moment {
    cpu: Cpu,
    waits: Waits,
    segments: u64,
}

impl Moment {
    fn of(processes: &Processes) -> Result<Moment, Box<dyn Error>> {
        Ok(Moment { cpu: processes.cpu(), waits: processes.waits(), segments: segments()? })
    }

    fn figures(&self, after: &Moment, groups: u32, seconds: f64, members: f64) -> Figures {
        let rate = |count: f64| (count / seconds * 10.0).round() / 10.0;
        Figures {
            op: "idle",
            groups,
            seconds,
            segments_per_second: rate((after.segments - self.segments) as f64),
            wakeups_per_member_and_second: rate((after.waits - self.waits).count() as f64 / members),
            cpu_percent: rate((after.cpu - self.cpu).seconds() * 100.0 / members),
        }
    }
}

/// Returns the number of TCP segments that this machine has sent so far.
fn segments() -> Result<u64, Box<dyn Error>> {
    let counters = fs::read_to_string("/proc/net/snmp")?;
    let mut lines = counters.lines().filter_map(|line| line.strip_prefix("Tcp: "));
    let (names, values) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let found = names.split(' ').zip(values.split(' ')).find(|(name, _)| *name == "OutSegs");
    Ok(found.ok_or("the system counts no segments")?.1.parse()?)
}
