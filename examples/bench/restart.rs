//! Measures the time from the death of all members until the restarted members accept a write.

use super::arguments::Options;
use super::failover::show;
use super::operations::fill;
use super::processes::Processes;
use super::store::{AsyncStore, NAME, key};
use std::error::Error;
use std::time::{Duration, Instant};
use tokio::time::sleep;

const TIMES: usize = 3;
const ATTEMPT: Duration = Duration::from_millis(2);

pub(crate) fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let mut processes = Processes::start(options)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let filled = Options { keys: options.filled, ..options.clone() };
    runtime.block_on(async {
        let remote = processes.remote().await?;
        fill(&remote.resource(NAME).open().await?, &filled).await
    })?;
    let mut outages = Vec::new();
    for _ in 0..options.times.unwrap_or(TIMES) {
        processes.kill_all();
        let began = Instant::now();
        processes.launch_missing()?;
        runtime.block_on(first_write(&processes));
        outages.push(began.elapsed());
        processes.await_ready()?;
    }
    show("restart", &mut outages);
    Ok(())
}

async fn first_write(processes: &Processes) -> Duration {
    let began = Instant::now();
    loop {
        if let Ok(remote) = processes.remote().await
            && let Ok(proxy) = remote.resource(NAME).open::<AsyncStore>().await
            && proxy.put(&key(0), b"again").await.is_ok()
        {
            return began.elapsed();
        }
        sleep(ATTEMPT).await;
    }
}
