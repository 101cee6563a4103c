//! Measures the time from the death of the leader until the others accept a write.

use super::arguments::Options;
use super::operations::fill;
use super::processes::Processes;
use super::report::{median, milliseconds, print};
use super::store::{AsyncStore, NAME, key};
use copycat::{Member, Remote};
use serde::Serialize;
use std::error::Error;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::sleep;

const TIMES: usize = 20;
/// Pause between two attempts to write, which is the resolution of the figures.
const ATTEMPT: Duration = Duration::from_millis(5);

#[derive(Serialize)]
struct Figures {
    op: &'static str,
    times: usize,
    median_ms: f64,
    least_ms: f64,
    most_ms: f64,
    all_ms: Vec<f64>,
}

pub(crate) fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let mut processes = Processes::start(options)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let mut outages = Vec::new();
    runtime.block_on(async {
        let remote = processes.remote().await?;
        fill(&remote.resource(NAME).open().await?, options).await
    })?;
    for _ in 0..options.times.unwrap_or(TIMES) {
        let leader = processes.leader()?;
        let outage = runtime.block_on(async {
            let rest = processes.seeds().iter().filter(|seed| seed.id() != leader as u64 + 1).cloned();
            let waiting = Waiting::connect(rest).await?;
            processes.kill(leader);
            Ok::<_, copycat::Error>(waiting.end().await)
        })?;
        outages.push(outage);
        processes.start_missing()?;
    }
    show("failover", &mut outages);
    Ok(())
}

/// Prints the lengths of the outages.
pub(crate) fn show(op: &'static str, outages: &mut [Duration]) {
    let all_ms = outages.iter().copied().map(milliseconds).collect();
    let median_ms = milliseconds(median(outages));
    let [least_ms, most_ms] =
        [outages.first(), outages.last()].map(|end| milliseconds(end.copied().unwrap_or_default()));
    print(&Figures { op, times: outages.len(), median_ms, least_ms, most_ms, all_ms });
}

/// Remote handles on the members that are alive.
pub(crate) struct Waiting {
    remotes: Vec<Remote>,
    began: Instant,
}

impl Waiting {
    async fn connect(members: impl Iterator<Item = Member>) -> Result<Waiting, copycat::Error> {
        let mut remotes = Vec::new();
        for member in members {
            remotes.push(Remote::builder().add_member(member).connect().await?);
        }
        Ok(Waiting { remotes, began: Instant::now() })
    }

    /// Sends a write every few milliseconds, through each handle in turn, until one is accepted. Returns the time
    /// that took.
    async fn end(mut self) -> Duration {
        self.began = Instant::now();
        let mut attempts = JoinSet::new();
        for at in 0.. {
            let remote = &self.remotes[at % self.remotes.len()];
            let proxy: AsyncStore = remote.resource(NAME).open().await.expect("a name that is one");
            attempts.spawn(async move { proxy.put(&key(0), b"again").await.is_ok() });
            sleep(ATTEMPT).await;
            while let Some(accepted) = attempts.try_join_next() {
                if accepted.unwrap_or(false) {
                    return self.began.elapsed();
                }
            }
        }
        unreachable!("the attempts go on")
    }
}
