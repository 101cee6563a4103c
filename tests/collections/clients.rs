//! Sixty-four clients change the same numbers. No change is lost, and none is counted twice.

use super::world::{MEMBERS, World, block_on, until};
use copycat::{AsyncProxy, Error, Outcome, Proxy};
use copycat_collections::{AsyncLong, AsyncMap, Collections};
use std::sync::{Mutex, PoisonError};
use std::thread;
use tokio::task::JoinSet;

const CLIENTS: usize = 64;
/// Number of operations of each kind per client.
const TURNS: usize = 1_000;
/// Number of updates per client of the one key, and the one number, that all clients change at once. Of concurrent
/// attempts one succeeds, so each update takes about sixty attempts.
const UPDATES: usize = 8;
/// Number of compare-and-sets that a client sends together.
const BURST: usize = 50;
/// Number of clients that compare and set at the same time.
const RIVALS: usize = 3;

/// The numbers that the clients share, reached through a member or the remote handle.
struct Shared {
    incremented: AsyncLong,
    added: AsyncLong,
    set: AsyncLong,
    updated: AsyncLong,
    map: AsyncMap<String, i64>,
}

impl Shared {
    async fn open<H: Collections>(host: &H) -> Result<Shared, Error> {
        Ok(Shared {
            incremented: host.long("incremented").open().await?,
            added: host.long("added").open().await?,
            set: host.long("set").open().await?,
            updated: host.long("updated").open().await?,
            map: host.map("map").with_partitions(4).open().await?,
        })
    }
}

/// The answers that a client received.
#[derive(Default)]
struct Told {
    increments: Vec<i64>,
    /// Values before and after each addition.
    adds: Vec<(i64, i64)>,
    sets: usize,
}

/// Runs the clients (count, add, compare and set, update), and checks that the sums agree with the answers.
pub(crate) fn run() {
    let world = World::start();
    let remote = block_on(world.remote());
    let open = |at| world.with_member(at, |member| block_on(Shared::open(member)).expect("they open"));
    let mut shared: Vec<Shared> = (0..MEMBERS).map(|at| open(at).expect("a running member")).collect();
    shared.push(block_on(Shared::open(&remote)).expect("proxies"));
    let turns = [const { Mutex::new(()) }; RIVALS];
    let told: Vec<Told> = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|at| (at, &shared[at % shared.len()], &turns[at % RIVALS]))
            .map(|(at, shared, turn)| scope.spawn(move || client(at, shared, turn)))
            .collect();
        clients.into_iter().map(|client| client.join().expect("a client without a fault")).collect()
    });
    check(&shared[0], &told);
    drop((shared, remote));
    world.close();
}

/// Runs one client. Four clients in a row block, and the next four do not.
fn client(at: usize, shared: &Shared, turn: &Mutex<()>) -> Told {
    let blocks = at / 4 % 2 == 1;
    let mut told = Told::default();
    for turn in 0..TURNS {
        told.increments.push(certain(|| match blocks {
            false => block_on(shared.incremented.increment_and_get()),
            true => shared.incremented.to_sync().increment_and_get(),
        }));
        told.adds.push(certain(|| add(&shared.added, blocks, turn % 2 == 0, at as i64 + 1)));
    }
    for _ in 0..UPDATES {
        let more = |old: Option<i64>| Some(old.unwrap_or(0) + 1);
        let key = String::from("one");
        certain(|| match blocks {
            false => block_on(shared.map.update(&key, more)),
            true => shared.map.to_sync().update(&key, more),
        });
        certain(|| match blocks {
            false => block_on(shared.updated.update(|old| old + 1)),
            true => shared.updated.to_sync().update(|old| old + 1),
        });
    }
    while told.sets < TURNS {
        // All clients at once would make little progress: only one of those that read the same value succeeds.
        let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
        told.sets += block_on(burst(&shared.set, BURST.min(TURNS - told.sets)));
    }
    told
}

/// Adds, and returns the value before and after. The call returns one of the two.
fn add(long: &AsyncLong, blocks: bool, get_first: bool, by: i64) -> Result<(i64, i64), Error> {
    let old = match (get_first, blocks) {
        (true, false) => block_on(long.get_and_add(by))?,
        (true, true) => long.to_sync().get_and_add(by)?,
        (false, false) => block_on(long.add_and_get(by))? - by,
        (false, true) => long.to_sync().add_and_get(by)? - by,
    };
    Ok((old, old + by))
}

/// Reads a number, and sends compare-and-sets in a row, each of which expects the value that the one before it sets.
/// After a rival's write, none of the rest succeeds. Returns the number of successes.
async fn burst(long: &AsyncLong, count: usize) -> usize {
    let Ok(begin) = long.get().await else { return 0 };
    let line = long.in_order();
    let mut calls = JoinSet::new();
    for old in (begin..).take(count) {
        let line = line.clone();
        calls.spawn(async move { line.compare_and_set(old, old + 1).await });
    }
    let answers = calls.join_all().await;
    let set = answers.into_iter().map(|answer| answer.or_else(not_applied).expect("nobody fails"));
    set.filter(|set| *set).count()
}

/// Takes an error for `false` if the compare-and-set was certainly not applied.
fn not_applied(error: Error) -> Result<bool, Error> {
    if error.is_retryable() && error.outcome() == Outcome::NotApplied { Ok(false) } else { Err(error) }
}

/// Repeats a call that was certainly not applied: leaders may change on a busy machine. No outcome is unknown,
/// because no member fails.
fn certain<T>(mut call: impl FnMut() -> Result<T, Error>) -> T {
    until("an answer", || match call() {
        Ok(answer) => Some(answer),
        Err(error) if error.is_retryable() && error.outcome() == Outcome::NotApplied => None,
        Err(error) => panic!("{error}"),
    })
}

fn check(shared: &Shared, told: &[Told]) {
    let total = (CLIENTS * TURNS) as i64;
    let mut increments: Vec<i64> = told.iter().flat_map(|told| told.increments.clone()).collect();
    increments.sort_unstable();
    assert!(increments.into_iter().eq(1..=total), "every number was given out once");
    assert_eq!(certain(|| block_on(shared.incremented.get())), total);

    let mut adds: Vec<(i64, i64)> = told.iter().flat_map(|told| told.adds.clone()).collect();
    adds.sort_unstable();
    let end = adds.iter().fold(0, |sum, (old, new)| {
        assert_eq!(*old, sum, "each adds to what the one before it left");
        *new
    });
    assert_eq!(certain(|| block_on(shared.added.get())), end);
    assert_eq!(end, (1..=CLIENTS as i64).sum::<i64>() * TURNS as i64);

    assert!(told.iter().all(|told| told.sets == TURNS));
    assert_eq!(certain(|| block_on(shared.set.get())), total);
    let updates = (CLIENTS * UPDATES) as i64;
    assert_eq!(certain(|| block_on(shared.updated.get())), updates);
    assert_eq!(certain(|| block_on(shared.map.get(&"one".into()))), Some(updates));
}
