//! Clients that each wait for their answer before they ask again.

use super::arguments::{Operation, Options};
use super::report::{latencies, quantile_us};
use super::store::{AsyncStore, key, value};
use copycat::{Consistency, Error, Proxy};
use hdrhistogram::Histogram;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Before anything is counted.
const WARM_UP: Duration = Duration::from_millis(500);

/// What clients were answered in the measured time.
pub(crate) struct Served {
    pub ops_per_s: u64,
    pub p50_us: f64,
    pub p99_us: f64,
    pub errors: u64,
}

const WARM: u8 = 0;
const COUNT: u8 = 1;
const STOP: u8 = 2;

/// Drives `clients` clients over the proxies, which they share evenly. `meter` is called at the beginning and at
/// the end of the measured time.
pub(crate) async fn drive<M>(
    proxies: &[AsyncStore],
    operation: Operation,
    clients: usize,
    options: &Options,
    mut meter: impl FnMut() -> M,
) -> (Served, M, M) {
    let phase = Arc::new(AtomicU8::new(WARM));
    let value: Arc<[u8]> = value(options.value).into();
    let mut tasks = JoinSet::new();
    for client in 0..clients {
        let client = Client {
            proxy: consistent(&proxies[client % proxies.len()], operation),
            operation,
            random: fastrand::Rng::with_seed(client as u64),
            keys: options.keys,
            value: value.clone(),
            phase: phase.clone(),
        };
        tasks.spawn(client.run());
    }
    sleep(WARM_UP).await;
    let (before, began) = (meter(), Instant::now());
    phase.store(COUNT, Ordering::Relaxed);
    sleep(options.time).await;
    phase.store(STOP, Ordering::Relaxed);
    let (after, took) = (meter(), began.elapsed());
    (sum(tasks, took).await, before, after)
}

async fn sum(mut tasks: JoinSet<(Histogram<u64>, u64)>, took: Duration) -> Served {
    let (mut all, mut errors) = (latencies(), 0);
    while let Some(ended) = tasks.join_next().await {
        let (latencies, failed) = ended.expect("a client does not panic");
        all.add(latencies).expect("bounds are the same");
        errors += failed;
    }
    Served {
        ops_per_s: (all.len() as f64 / took.as_secs_f64()) as u64,
        p50_us: quantile_us(&all, 0.5),
        p99_us: quantile_us(&all, 0.99),
        errors,
    }
}

fn consistent(proxy: &AsyncStore, operation: Operation) -> AsyncStore {
    match operation {
        Operation::Write | Operation::Strict => proxy.with_consistency(Consistency::Strict),
        Operation::Lease => proxy.with_consistency(Consistency::Lease),
        Operation::Eventual => proxy.with_consistency(Consistency::Eventual),
    }
}

struct Client {
    proxy: AsyncStore,
    operation: Operation,
    random: fastrand::Rng,
    keys: u64,
    value: Arc<[u8]>,
    phase: Arc<AtomicU8>,
}

impl Client {
    /// Latencies in nanoseconds of what began and ended in the measured time, and how many failed in all.
    async fn run(mut self) -> (Histogram<u64>, u64) {
        let (mut latencies, mut errors) = (latencies(), 0);
        loop {
            let phase = self.phase.load(Ordering::Relaxed);
            if phase == STOP {
                return (latencies, errors);
            }
            let began = Instant::now();
            let outcome = self.once().await;
            let counts = phase == COUNT && self.phase.load(Ordering::Relaxed) == COUNT;
            match outcome {
                Ok(()) if counts => latencies.saturating_record(began.elapsed().as_nanos() as u64),
                Ok(()) => {}
                Err(_) => errors += 1,
            }
        }
    }

    async fn once(&mut self) -> Result<(), Error> {
        let key = key(self.random.u64(0..self.keys));
        match self.operation {
            Operation::Write => self.proxy.put(&key, &self.value).await,
            _ => self.proxy.get(&key).await.map(drop),
        }
    }
}
