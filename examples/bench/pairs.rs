//! A collection and the same service written by hand, measured in turn: the cost of using the collection.
//!
//! Both are resources of one cluster, opened and filled together, over the same connections; their clients choose the
//! same keys. Both are measured in every pair, and take turns in being first, so that their logs are equally old. The
//! first pair is a warm-up. The members are restarted until one of them leads both resources, because different
//! leaders would be another difference.

use super::arguments::Options;
use super::calls::{Call, Target, clients};
use super::collections::{connect, open};
use super::load::drive;
use super::operations::meter;
use super::processes::Processes;
use super::report::print;
use serde::Serialize;
use std::collections::BTreeMap;
use std::error::Error;
use std::thread;
use std::time::Duration;

const TIMES: usize = 10;
/// Pause between two checks of the leaders.
const LOOK: Duration = Duration::from_millis(50);

/// The result of one of the two in one turn.
#[derive(Clone, Copy, Serialize)]
struct Turn {
    ops_per_s: u64,
    p50_us: f64,
    p99_us: f64,
    errors: u64,
    /// Processor time of all members and of the clients.
    cpu_us_per_op: f64,
}

#[derive(Serialize)]
struct Pair {
    op: &'static str,
    beside: &'static str,
    pair: usize,
    first: &'static str,
    ours: Turn,
    theirs: Turn,
    ratio: f64,
}

#[derive(Serialize)]
struct Summary {
    op: &'static str,
    beside: &'static str,
    partitions: u32,
    clients: usize,
    connections: usize,
    value: usize,
    pairs: usize,
    seconds: f64,
    median_ratio: f64,
    least_ratio: f64,
    most_ratio: f64,
    /// Median of the ratios of processor time per operation: theirs divided by ours.
    median_cpu_ratio: f64,
    median_ours_per_s: u64,
    median_theirs_per_s: u64,
    /// Number of partitions of each resource that each member leads at the end.
    leads: Vec<BTreeMap<String, u32>>,
}

pub(crate) fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    for partitions in options.partitions.iter().copied() {
        for call in options.calls.iter().copied() {
            let beside = call.by_hand().ok_or_else(|| format!("nothing is beside `{}`", call.name()))?;
            let mut processes = start(options, &[call, beside], partitions)?;
            for count in options.clients.iter().copied() {
                let contest = Contest { call, beside, partitions, count, options };
                runtime.block_on(contest.run(&mut processes))?;
            }
        }
    }
    Ok(())
}

/// Starts members. If each resource has one group, one member leads both.
fn start(options: &Options, calls: &[Call], partitions: u32) -> Result<Processes, Box<dyn Error>> {
    loop {
        let mut processes = Processes::start_with(options, calls, partitions)?;
        let led = loop {
            let led: Vec<u32> =
                processes.reports()?.iter().map(|report| report.leads_of.values().sum()).collect();
            if led.iter().sum::<u32>() == 2 * partitions {
                break led;
            }
            thread::sleep(LOOK);
        };
        if partitions > 1 || led.contains(&2) {
            return Ok(processes);
        }
    }
}

/// Two calls and the parameters of their measurement.
struct Contest<'a> {
    call: Call,
    beside: Call,
    partitions: u32,
    count: usize,
    options: &'a Options,
}

impl Contest<'_> {
    async fn run(&self, processes: &mut Processes) -> Result<(), Box<dyn Error>> {
        let remotes = connect(processes, self.count.min(self.options.connections)).await?;
        let ours = open(&remotes, self.call, self.partitions).await?;
        let theirs = open(&remotes, self.beside, self.partitions).await?;
        ours[0].prepare(self.options).await?;
        theirs[0].prepare(self.options).await?;
        let mut pairs = Vec::new();
        for number in 0..=self.options.times.unwrap_or(TIMES) {
            let pair = self.pair(processes, number, &ours, &theirs).await?;
            if number > 0 {
                print(&pair);
                pairs.push(pair);
            }
        }
        let leads = processes.reports()?.into_iter().map(|report| report.leads_of).collect();
        print(&self.summary(&pairs, remotes.len(), leads));
        Ok(())
    }

    async fn pair(
        &self,
        processes: &mut Processes,
        number: usize,
        ours: &[Target],
        theirs: &[Target],
    ) -> Result<Pair, Box<dyn Error>> {
        let first = if number % 2 == 1 { self.call } else { self.beside };
        let (ours, theirs) = if first == self.call {
            let ours = self.turn(processes, self.call, ours).await?;
            (ours, self.turn(processes, self.beside, theirs).await?)
        } else {
            let theirs = self.turn(processes, self.beside, theirs).await?;
            (self.turn(processes, self.call, ours).await?, theirs)
        };
        let ratio = thousandths(ours.ops_per_s as f64 / theirs.ops_per_s as f64);
        let (op, beside, first) = (self.call.name(), self.beside.name(), first.name());
        Ok(Pair { op, beside, pair: number, first, ours, theirs, ratio })
    }

    async fn turn(
        &self,
        processes: &mut Processes,
        call: Call,
        targets: &[Target],
    ) -> Result<Turn, Box<dyn Error>> {
        let clients = clients(targets, call, self.count, self.options);
        let (served, before, after) = drive(clients, self.options.time, || meter(processes)).await;
        let (before, after) = (before?, after?);
        let members =
            after.members.zip(before.members).map_or(0.0, |(after, before)| (after - before).seconds());
        let cpu_s = members + (after.clients - before.clients).seconds();
        let operations = served.ops_per_s as f64 * self.options.time.as_secs_f64();
        Ok(Turn {
            ops_per_s: served.ops_per_s,
            p50_us: served.p50_us,
            p99_us: served.p99_us,
            errors: served.errors,
            cpu_us_per_op: thousandths(cpu_s * 1e6 / operations),
        })
    }

    fn summary(&self, pairs: &[Pair], connections: usize, leads: Vec<BTreeMap<String, u32>>) -> Summary {
        let figures = |figure: fn(&Pair) -> f64| {
            let mut all: Vec<f64> = pairs.iter().map(figure).collect();
            all.sort_by(f64::total_cmp);
            all
        };
        let ratios = figures(|pair| pair.ratio);
        Summary {
            op: self.call.name(),
            beside: self.beside.name(),
            partitions: self.partitions,
            clients: self.count,
            connections,
            value: self.options.value,
            pairs: pairs.len(),
            seconds: self.options.time.as_secs_f64(),
            median_ratio: median(&ratios),
            least_ratio: ratios.first().copied().unwrap_or_default(),
            most_ratio: ratios.last().copied().unwrap_or_default(),
            median_cpu_ratio: median(&figures(|pair| pair.theirs.cpu_us_per_op / pair.ours.cpu_us_per_op)),
            median_ours_per_s: median(&figures(|pair| pair.ours.ops_per_s as f64)) as u64,
            median_theirs_per_s: median(&figures(|pair| pair.theirs.ops_per_s as f64)) as u64,
            leads,
        }
    }
}

/// Returns the median of sorted figures; the mean of the middle two if their number is even.
fn median(sorted: &[f64]) -> f64 {
    let at = |at: usize| sorted.get(at).copied().unwrap_or_default();
    thousandths((at(sorted.len() / 2) + at(sorted.len().saturating_sub(1) / 2)) / 2.0)
}

fn thousandths(figure: f64) -> f64 {
    (figure * 1_000.0).round() / 1_000.0
}
