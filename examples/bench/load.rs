//! Clients that wait for each answer before they send the next request.

use super::report::{latencies, quantile_us};
use copycat::Error;
use hdrhistogram::Histogram;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Time before anything is counted.
const WARM_UP: Duration = Duration::from_millis(500);
/// Number of keys that are filled concurrently.
const FILLING: usize = 256;
/// Number of histograms that all clients share. A histogram takes 240 kB: one for each of ten thousand clients would
/// be what is measured.
const HISTOGRAMS: usize = 8;

/// The results of the clients in the measured time.
pub(crate) struct Served {
    pub ops_per_s: u64,
    pub p50_us: f64,
    pub p99_us: f64,
    pub errors: u64,
}

const WARM: u8 = 0;
const COUNT: u8 = 1;
const STOP: u8 = 2;

/// A client's repeated request.
pub(crate) trait Client: Send + 'static {
    /// Sends one request, and waits for its answer.
    fn once(&mut self) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Runs the clients for `time`. Calls `meter` at the beginning and at the end of the measured time.
pub(crate) async fn drive<M>(
    clients: Vec<impl Client>,
    time: Duration,
    mut meter: impl FnMut() -> M,
) -> (Served, M, M) {
    let phase = Arc::new(AtomicU8::new(WARM));
    let histograms: Vec<_> = (0..HISTOGRAMS).map(|_| Arc::new(Mutex::new(latencies()))).collect();
    let shared = histograms.iter().cycle();
    let tasks = clients.into_iter().zip(shared).map(|(client, to)| run(client, phase.clone(), to.clone()));
    let tasks: JoinSet<_> = tasks.collect();
    sleep(WARM_UP).await;
    let (before, began) = (meter(), Instant::now());
    phase.store(COUNT, Ordering::Relaxed);
    sleep(time).await;
    phase.store(STOP, Ordering::Relaxed);
    let (after, took) = (meter(), began.elapsed());
    let errors = tasks.join_all().await.into_iter().sum();
    (sum(&histograms, errors, took), before, after)
}

fn sum(histograms: &[Arc<Mutex<Histogram<u64>>>], errors: u64, took: Duration) -> Served {
    let mut all = latencies();
    for some in histograms {
        all.add(&*some.lock().expect("a client does not panic")).expect("bounds are the same");
    }
    Served {
        ops_per_s: (all.len() as f64 / took.as_secs_f64()) as u64,
        p50_us: quantile_us(&all, 0.5),
        p99_us: quantile_us(&all, 0.99),
        errors,
    }
}

/// Records the latencies, in nanoseconds, of requests that began and ended in the measured time. Returns the number
/// of all failures.
async fn run(mut client: impl Client, phase: Arc<AtomicU8>, latencies: Arc<Mutex<Histogram<u64>>>) -> u64 {
    let mut errors = 0;
    loop {
        let began_in = phase.load(Ordering::Relaxed);
        if began_in == STOP {
            return errors;
        }
        let began = Instant::now();
        let outcome = client.once().await;
        let counts = began_in == COUNT && phase.load(Ordering::Relaxed) == COUNT;
        match outcome {
            Ok(()) if counts => {
                let nanos = began.elapsed().as_nanos() as u64;
                latencies.lock().expect("a client does not panic").saturating_record(nanos);
            }
            Ok(()) => {}
            Err(_) => errors += 1,
        }
    }
}

/// Calls `put` with each number below `count`, many concurrently.
pub(crate) async fn fill<F>(count: u64, put: impl Fn(u64) -> F) -> Result<(), Error>
where
    F: Future<Output = Result<(), Error>> + Send + 'static,
{
    let numbers: Vec<u64> = (0..count).collect();
    for some in numbers.chunks(FILLING) {
        let puts: JoinSet<_> = some.iter().map(|number| put(*number)).collect();
        for put in puts.join_all().await {
            put?;
        }
    }
    Ok(())
}
