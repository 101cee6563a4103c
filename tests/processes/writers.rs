//! Clients that write without pause and record the outcome of each write.

use super::service::{AsyncEntries, NAME};
use copycat::{Outcome, Remote};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::JoinHandle;

/// The outcomes of the writes.
#[derive(Debug, Default)]
pub(crate) struct Account {
    pub(crate) acknowledged: BTreeSet<u64>,
    pub(crate) refused: BTreeSet<u64>,
    pub(crate) unknown: BTreeSet<u64>,
}

#[derive(Default)]
struct Shared {
    over: AtomicBool,
    next: AtomicU64,
    account: Mutex<Account>,
}

/// Several clients of one cluster.
pub(crate) struct Writers {
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

impl Writers {
    /// Starts a writer for each of the handles.
    pub(crate) fn start(remotes: &[Remote]) -> Writers {
        let shared = Arc::<Shared>::default();
        let proxies = remotes.iter().map(|remote| remote.resource(NAME).open_sync().expect("a proxy"));
        let tasks = proxies.map(|proxy| tokio::spawn(write(proxy, shared.clone()))).collect();
        Writers { shared, tasks }
    }

    /// Returns the number of writes acknowledged so far.
    pub(crate) fn acknowledged(&self) -> usize {
        self.shared.account().acknowledged.len()
    }

    /// Ends after the writes that are in flight.
    pub(crate) async fn end(self) -> Account {
        self.shared.over.store(true, Ordering::Release);
        for task in self.tasks {
            task.await.expect("a writer ends");
        }
        std::mem::take(&mut *self.shared.account())
    }
}

impl Shared {
    fn account(&self) -> std::sync::MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn write(entries: AsyncEntries, shared: Arc<Shared>) {
    while !shared.over.load(Ordering::Acquire) {
        let number = shared.next.fetch_add(1, Ordering::Relaxed);
        let answer = entries.append(number, String::new()).await;
        let mut account = shared.account();
        let list = match answer {
            Ok(_) => &mut account.acknowledged,
            Err(error) if error.outcome() == Outcome::NotApplied => &mut account.refused,
            Err(_) => &mut account.unknown,
        };
        assert!(list.insert(number), "each number is written once");
    }
}
