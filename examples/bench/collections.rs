//! Collections as a user has them: three members as processes, and clients in this process.

use super::arguments::Options;
use super::calls::{Call, Target, clients};
use super::load::drive;
use super::operations::{Figures, meter};
use super::processes::Processes;
use super::report::print;
use copycat::Remote;
use std::error::Error;

pub(crate) fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    for (at, partitions) in options.partitions.iter().copied().enumerate() {
        // A resource without keys has one partition in every case, so it is measured once.
        let calls: Vec<_> = options.calls.iter().copied().filter(|call| at == 0 || call.has_key()).collect();
        let mut processes = Processes::start_with(options, &calls, partitions)?;
        for call in calls {
            for count in options.clients.iter().copied() {
                runtime.block_on(measure(&mut processes, call, partitions, count, options))?;
            }
        }
    }
    Ok(())
}

async fn measure(
    processes: &mut Processes,
    call: Call,
    partitions: u32,
    count: usize,
    options: &Options,
) -> Result<(), Box<dyn Error>> {
    let remotes = connect(processes, count.min(options.connections)).await?;
    let targets = open(&remotes, call, partitions).await?;
    targets[0].prepare(options).await?;
    let clients = clients(&targets, call, count, options);
    let (served, before, after) = drive(clients, options.time, || meter(processes)).await;
    let (before, after) = (before?, after?);
    let (shape, partitions) = ((count, remotes.len()), if call.has_key() { partitions } else { 1 });
    print(&Figures::new(call.name(), Some(partitions), shape, options, &served, (&before, &after)));
    Ok(targets[0].clear().await?)
}

/// Opens `count` connections.
pub(crate) async fn connect(processes: &Processes, count: usize) -> Result<Vec<Remote>, copycat::Error> {
    let mut remotes = Vec::new();
    for _ in 0..count {
        remotes.push(processes.remote().await?);
    }
    Ok(remotes)
}

/// Opens the resource of a call over each connection.
pub(crate) async fn open(
    remotes: &[Remote],
    call: Call,
    partitions: u32,
) -> Result<Vec<Target>, copycat::Error> {
    let mut targets = Vec::new();
    for remote in remotes {
        targets.push(Target::open(remote, call, partitions).await?);
    }
    Ok(targets)
}
