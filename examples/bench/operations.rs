//! The whole system: three members as processes, and clients in this process.

use super::arguments::{Operation, Options};
use super::load::{self, Served, drive};
use super::member::Report;
use super::processes::Processes;
use super::report::{Cpu, own_cpu, print};
use super::store::{AsyncStore, NAME, clients, key, value};
use copycat::Remote;
use serde::Serialize;
use std::error::Error;
use std::sync::Arc;

/// One row of figures.
#[derive(Serialize)]
pub(crate) struct Figures {
    op: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    partitions: Option<u32>,
    clients: usize,
    connections: usize,
    value: usize,
    ops_per_s: u64,
    p50_us: f64,
    p99_us: f64,
    errors: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_s_members: Option<f64>,
    cpu_s_clients: f64,
    flushes: u64,
    entries_per_flush: f64,
    slow_flush_us: u64,
}

impl Figures {
    pub(crate) fn new(
        op: &'static str,
        partitions: Option<u32>,
        (clients, connections): (usize, usize),
        options: &Options,
        served: &Served,
        (before, after): (&Meter, &Meter),
    ) -> Figures {
        let flushes = after.flushes - before.flushes;
        let frames = after.frames - before.frames;
        let per_flush = if flushes == 0 { 0.0 } else { frames as f64 / flushes as f64 };
        let members = after.members.zip(before.members).map(|(after, before)| (after - before).seconds());
        Figures {
            op,
            partitions,
            clients,
            connections,
            value: options.value,
            ops_per_s: served.ops_per_s,
            p50_us: served.p50_us,
            p99_us: served.p99_us,
            errors: served.errors,
            cpu_s_members: members,
            cpu_s_clients: (after.clients - before.clients).seconds(),
            flushes,
            entries_per_flush: (per_flush * 10.0).round() / 10.0,
            slow_flush_us: options.slow_flush.as_micros() as u64,
        }
    }
}

/// The processor time used and the data written up to some moment. Flushes are those of all members.
#[derive(Clone, Copy, Default)]
pub(crate) struct Meter {
    /// `None` if members and clients share a process.
    pub members: Option<Cpu>,
    pub clients: Cpu,
    pub flushes: u64,
    pub frames: u64,
}

pub(crate) fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let mut processes = Processes::start(options)?;
    // All clients share one thread, so that the members get the rest of the machine.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    for operation in options.operations.iter().copied() {
        for clients in options.clients.iter().copied() {
            runtime.block_on(measure(&mut processes, operation, clients, options))?;
        }
    }
    Ok(())
}

async fn measure(
    processes: &mut Processes,
    operation: Operation,
    count: usize,
    options: &Options,
) -> Result<(), Box<dyn Error>> {
    let connections = count.min(options.connections);
    let (remotes, proxies) = connect(processes, connections).await?;
    fill(&proxies[0], options).await?;
    let meter = || meter(processes);
    let clients = clients(&proxies, operation, count, options);
    let (served, before, after) = drive(clients, options.time, meter).await;
    let (before, after) = (before?, after?);
    let (op, shape) = (operation.name(), (count, connections));
    print(&Figures::new(op, None, shape, options, &served, (&before, &after)));
    drop(remotes);
    Ok(())
}

async fn connect(
    processes: &Processes,
    count: usize,
) -> Result<(Vec<Remote>, Vec<AsyncStore>), copycat::Error> {
    let (mut remotes, mut proxies) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let remote = processes.remote().await?;
        proxies.push(remote.resource(NAME).open().await?);
        remotes.push(remote);
    }
    Ok((remotes, proxies))
}

/// Ensures that the keys have values.
pub(crate) async fn fill(proxy: &AsyncStore, options: &Options) -> Result<(), copycat::Error> {
    let value: Arc<[u8]> = value(options.value).into();
    if proxy.get(&key(options.keys - 1)).await?.is_some() {
        return Ok(());
    }
    let put = |number| {
        let (proxy, value) = (proxy.clone(), value.clone());
        async move { proxy.put(&key(number), &value).await }
    };
    load::fill(options.keys, put).await
}

/// Returns what all members and this process have used and written so far.
pub(crate) fn meter(processes: &mut Processes) -> Result<Meter, Box<dyn Error>> {
    let reports = processes.reports()?;
    let sum = |figure: fn(&Report) -> u64| reports.iter().map(figure).sum();
    Ok(Meter {
        members: Some(processes.cpu()),
        clients: own_cpu(),
        flushes: sum(|report| report.flushes),
        frames: sum(|report| report.frames),
    })
}
