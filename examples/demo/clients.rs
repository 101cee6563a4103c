//! Clients that record the answers they received.

use super::bank::AsyncBank;
use copycat::{AsyncProxy, Error, Outcome};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// Number of clients on the async proxy.
const ASYNC_CLIENTS: usize = 24;
/// Pause of a client after an error, and while no member runs.
const PAUSE: Duration = Duration::from_millis(2);

/// The outcomes of one client's commands, by receipt.
#[derive(Default)]
struct Book {
    promised: Vec<u64>,
    refused: Vec<u64>,
    unknown: Vec<u64>,
}

/// The records of all clients.
pub(crate) struct Ledger {
    books: BTreeMap<String, Book>,
}

/// The results of looking up the receipts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Audit {
    /// Number of acknowledged receipts that are missing.
    pub lost: usize,
    /// Number of receipts that exist although their command was reported as not applied.
    pub ghosts: usize,
    /// Number of receipts that exist and whose outcome was unknown.
    pub happened: usize,
    /// The sum of all balances.
    pub total: u64,
    /// The least and the largest possible sum.
    pub expected: (u64, u64),
}

/// Number of commands by outcome.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Summary {
    pub promised: usize,
    pub refused: usize,
    pub unknown: usize,
}

/// The state that the clients and their observers share.
struct Shared {
    stop: AtomicBool,
    receipts: AtomicU64,
    began: Instant,
    /// The times when the newest acknowledged write was sent and acknowledged, since `began`.
    newest: Mutex<(Duration, Duration)>,
}

/// Clients at work.
pub(crate) struct Clients {
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<(String, Book)>>,
}

impl fmt::Display for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ASYNC_CLIENTS} clients on the async proxy and one on the sync proxy")
    }
}

impl Clients {
    /// Starts the clients on the members that `proxies` names.
    pub(crate) fn start(proxies: &watch::Receiver<Vec<AsyncBank>>) -> Clients {
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            receipts: AtomicU64::new(1),
            began: Instant::now(),
            newest: Mutex::default(),
        });
        let asynchronous = (0..ASYNC_CLIENTS).map(|number| {
            let (shared, proxies) = (shared.clone(), proxies.clone());
            tokio::spawn(async move { work(number, &shared, &proxies).await })
        });
        let blocking = {
            let (shared, proxies) = (shared.clone(), proxies.clone());
            tokio::task::spawn_blocking(move || work_blocking(&shared, &proxies))
        };
        let tasks = asynchronous.chain([blocking]).collect();
        Clients { shared, tasks }
    }

    /// Begins an outage at `since`. Call it when the crashed members are gone: the remaining members serve all
    /// requests that are sent from now on.
    pub(crate) fn outage(&self, since: Instant) -> Outage<'_> {
        let since = since.duration_since(self.shared.began);
        Outage { shared: &self.shared, since, gone: self.shared.began.elapsed() }
    }

    /// Lets all clients finish the calls in flight, and collects their records.
    pub(crate) async fn finish(self) -> Ledger {
        self.shared.stop.store(true, Ordering::Relaxed);
        let mut books = BTreeMap::new();
        for task in self.tasks {
            let (account, book) = task.await.expect("a client ends by itself");
            books.insert(account, book);
        }
        Ledger { books }
    }
}

/// A time without service, as the clients see it.
pub(crate) struct Outage<'a> {
    shared: &'a Shared,
    since: Duration,
    gone: Duration,
}

impl Outage<'_> {
    /// Waits until a write that was sent during the outage is acknowledged. Returns the length of the outage.
    pub(crate) async fn end(self) -> Duration {
        loop {
            let (sent, acknowledged) = *self.shared.newest.lock().unwrap_or_else(PoisonError::into_inner);
            if sent > self.gone {
                return acknowledged - self.since;
            }
            sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Runs one client: mostly deposits, and sometimes a transfer to the next client.
async fn work(number: usize, shared: &Shared, proxies: &watch::Receiver<Vec<AsyncBank>>) -> (String, Book) {
    let (account, other) = (account(number), account((number + 1) % ASYNC_CLIENTS));
    let mut book = Book::default();
    while !shared.stop.load(Ordering::Relaxed) {
        let Some(bank) = pick(proxies) else {
            sleep(PAUSE).await;
            continue;
        };
        let (receipt, sent) = (shared.receipt(), shared.began.elapsed());
        let outcome = if receipt % 10 == 0 {
            bank.transfer(account.clone(), other.clone(), 1, receipt).await.map(drop)
        } else {
            bank.deposit(account.clone(), 1, receipt).await.map(drop)
        };
        if book.file(receipt, &outcome) {
            shared.acknowledged(sent);
        } else {
            sleep(PAUSE).await;
        }
    }
    (account, book)
}

/// Runs one client through the sync proxy, on a thread that may block.
fn work_blocking(shared: &Shared, proxies: &watch::Receiver<Vec<AsyncBank>>) -> (String, Book) {
    let account = account(ASYNC_CLIENTS);
    let mut book = Book::default();
    while !shared.stop.load(Ordering::Relaxed) {
        let Some(bank) = pick(proxies) else {
            std::thread::sleep(PAUSE);
            continue;
        };
        let (receipt, sent) = (shared.receipt(), shared.began.elapsed());
        let outcome = bank.to_sync().deposit(account.clone(), 1, receipt).map(drop);
        if book.file(receipt, &outcome) {
            shared.acknowledged(sent);
        } else {
            std::thread::sleep(PAUSE);
        }
    }
    (account, book)
}

fn account(number: usize) -> String {
    format!("client-{number:02}")
}

/// Returns a proxy on a random member that runs.
fn pick(proxies: &watch::Receiver<Vec<AsyncBank>>) -> Option<AsyncBank> {
    fastrand::choice(proxies.borrow().iter()).cloned()
}

impl Shared {
    fn receipt(&self) -> u64 {
        self.receipts.fetch_add(1, Ordering::Relaxed)
    }

    fn acknowledged(&self, sent: Duration) {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if sent > newest.0 {
            *newest = (sent, self.began.elapsed());
        }
    }
}

impl Book {
    /// Records the outcome of a command. Returns whether it was acknowledged.
    fn file(&mut self, receipt: u64, outcome: &Result<(), Error>) -> bool {
        match outcome {
            Ok(()) => self.promised.push(receipt),
            Err(error) if error.outcome() == Outcome::NotApplied => self.refused.push(receipt),
            Err(_) => self.unknown.push(receipt),
        }
        outcome.is_ok()
    }
}

impl Ledger {
    pub(crate) fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for book in self.books.values() {
            summary.promised += book.promised.len();
            summary.refused += book.refused.len();
            summary.unknown += book.unknown.len();
        }
        summary
    }

    /// Looks up every receipt with strict reads.
    pub(crate) async fn audit(&self, bank: &AsyncBank) -> Result<Audit, Error> {
        let mut audit = Audit { total: bank.total().await?, ..Audit::default() };
        for (account, book) in &self.books {
            let found = bank.on_file(account, book.promised.clone()).await?;
            audit.lost += book.promised.len() - found.len();
            audit.ghosts += bank.on_file(account, book.refused.clone()).await?.len();
            audit.happened += bank.on_file(account, book.unknown.clone()).await?.len();
            // Every tenth receipt is a transfer, which neither makes nor destroys money.
            let deposits =
                |receipts: &[u64]| receipts.iter().filter(|receipt| **receipt % 10 != 0).count() as u64;
            let alone = *account == self::account(ASYNC_CLIENTS);
            let count = |receipts: &[u64]| if alone { receipts.len() as u64 } else { deposits(receipts) };
            audit.expected.0 += count(&book.promised);
            audit.expected.1 += count(&book.promised) + count(&book.unknown);
        }
        Ok(audit)
    }
}
