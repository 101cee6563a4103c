//! Clients that write and count without pause, and record the answers.

use redis::{Client, Connection, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Number of keys that are counted up.
pub(crate) const COUNTERS: usize = 4;
/// Number of commands that are sent at once. Half of them count, and half set a key that no other client sets.
const PIPELINE: usize = 8;
/// Longer than a server takes to report an unknown outcome, so that only a server that is gone gives no answer.
const TIMEOUT: Duration = Duration::from_secs(8);

/// The outcome of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Answered: the command was applied.
    Acknowledged,
    /// Answered with `NOTAPPLIED`: the command was not applied, and never will be.
    Refused,
    /// Answered with `UNKNOWN`, or not at all.
    Unknown,
}

/// The commands on one counter, as one client knows them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count {
    pub(crate) acknowledged: u64,
    pub(crate) unknown: u64,
    /// The last value that the client received.
    newest: i64,
}

/// The record of one client.
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// The outcome of each key that it set, in order; see [`key`] and [`value`].
    pub(crate) keys: Vec<Fate>,
    pub(crate) counters: [Count; COUNTERS],
    /// Answers that servers must never give.
    pub(crate) nonsense: BTreeMap<String, usize>,
}

/// Returns the key of a client's command with this number.
pub(crate) fn key(client: usize, number: usize) -> String {
    format!("{client}-{number}")
}

/// Returns the value to which that key is set.
pub(crate) fn value(client: usize, number: usize) -> String {
    format!("{number}-of-{client}")
}

/// Returns the name of a counter.
pub(crate) fn counter(number: usize) -> String {
    format!("counter-{number}")
}

#[derive(Default)]
struct Shared {
    over: AtomicBool,
    acknowledged: AtomicUsize,
}

/// Clients at work.
pub(crate) struct Writers {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<Book>>,
}

impl Writers {
    /// Starts `clients` clients. Each of them moves on to the next server when one fails it.
    pub(crate) fn start(addresses: Vec<String>, clients: usize) -> Writers {
        let (shared, addresses) = (Arc::<Shared>::default(), Arc::new(addresses));
        let start = |client| {
            let (shared, addresses) = (shared.clone(), addresses.clone());
            std::thread::spawn(move || work(client, &shared, &addresses))
        };
        Writers { threads: (0..clients).map(start).collect(), shared }
    }

    /// Returns the number of commands acknowledged so far.
    pub(crate) fn acknowledged(&self) -> usize {
        self.shared.acknowledged.load(Ordering::Relaxed)
    }

    /// Ends after the commands that are in flight.
    pub(crate) fn end(self) -> Vec<Book> {
        self.shared.over.store(true, Ordering::Relaxed);
        self.threads.into_iter().map(|thread| thread.join().expect("a client ends")).collect()
    }
}

fn work(client: usize, shared: &Shared, addresses: &[String]) -> Book {
    let (mut book, mut at, mut connection) = (Book::default(), client, None);
    while !shared.over.load(Ordering::Relaxed) {
        let Some(open) = &mut connection else {
            at += 1;
            connection = connect(&addresses[at % addresses.len()]);
            if connection.is_none() {
                std::thread::park_timeout(Duration::from_millis(20));
            }
            continue;
        };
        match burst(client, &mut book, open) {
            Some(acknowledged) => drop(shared.acknowledged.fetch_add(acknowledged, Ordering::Relaxed)),
            None => connection = None,
        }
    }
    book
}

fn connect(address: &str) -> Option<Connection> {
    let connection =
        Client::open(format!("redis://{address}/")).ok()?.get_connection_with_timeout(TIMEOUT).ok()?;
    connection.set_read_timeout(Some(TIMEOUT)).ok()?;
    connection.set_write_timeout(Some(TIMEOUT)).ok()?;
    Some(connection)
}

/// Sends some commands at once, and records the outcome of each. Returns the number of acknowledged ones, or `None`
/// if the connection has failed, or another server may do better.
fn burst(client: usize, book: &mut Book, connection: &mut Connection) -> Option<usize> {
    let (mut packed, first) = (Vec::new(), book.keys.len());
    for number in first..first + PIPELINE / 2 {
        let mut set = redis::cmd("SET");
        set.arg(key(client, number)).arg(value(client, number));
        packed.extend(set.get_packed_command());
        packed.extend(redis::cmd("INCR").arg(counter(number % COUNTERS)).get_packed_command());
    }
    if connection.send_packed_command(&packed).is_err() {
        // Some of the commands may have been sent.
        (0..PIPELINE).for_each(|at| book.file(first + at / 2, at % 2 == 1, Fate::Unknown));
        return None;
    }
    let (mut acknowledged, mut healthy) = (0, true);
    for at in 0..PIPELINE {
        let (number, counts) = (first + at / 2, at % 2 == 1);
        // After the connection has failed, no more answers are read.
        match if healthy { connection.recv_response().ok() } else { None } {
            Some(answer) => {
                let fate = book.answered(number, counts, &answer);
                healthy &= fate == Fate::Acknowledged || matches!(answer, Value::ServerError(_));
                acknowledged += usize::from(fate == Fate::Acknowledged);
            }
            None => {
                healthy = false;
                book.file(number, counts, Fate::Unknown);
            }
        }
    }
    healthy.then_some(acknowledged)
}

impl Book {
    /// Records an answer.
    fn answered(&mut self, number: usize, counts: bool, answer: &Value) -> Fate {
        let fate = match answer {
            Value::Okay if !counts => Fate::Acknowledged,
            Value::Int(sum) if counts => {
                let newest = &mut self.counters[number % COUNTERS].newest;
                if *sum <= *newest {
                    *self.nonsense.entry("a counter went back".into()).or_default() += 1;
                }
                *newest = *sum;
                Fate::Acknowledged
            }
            Value::ServerError(error) if error.code() == "NOTAPPLIED" => Fate::Refused,
            Value::ServerError(error) if error.code() == "UNKNOWN" => Fate::Unknown,
            other => {
                *self.nonsense.entry(format!("{other:?}")).or_default() += 1;
                Fate::Unknown
            }
        };
        self.file(number, counts, fate);
        fate
    }

    fn file(&mut self, number: usize, counts: bool, fate: Fate) {
        if !counts {
            return self.keys.push(fate);
        }
        let count = &mut self.counters[number % COUNTERS];
        match fate {
            Fate::Acknowledged => count.acknowledged += 1,
            Fate::Refused => {}
            Fate::Unknown => count.unknown += 1,
        }
    }
}
