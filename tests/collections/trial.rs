//! A trial of one type: many workers, and a thread that kills members.

use super::operations::Subject;
use super::worker::{Account, Worker};
use super::world::{MEMBERS, World, block_on, until};
use fastrand::Rng;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

/// The least work of a trial.
pub(crate) struct Trial {
    /// Number of operations of all workers together, each compared with the model.
    pub operations: u64,
    /// Number of workers, each with its own collection.
    pub workers: usize,
    /// Number of members that are killed, one after the other.
    pub kills: u64,
}

impl Trial {
    /// The trial of each type.
    pub(crate) const EACH: Trial = Trial { operations: 100_000, workers: 48, kills: 5 };

    /// Runs the trial with each number of partitions, and prints a summary.
    pub(crate) fn run<S: Subject>(&self, name: &str) {
        S::PARTITIONS
            .iter()
            .for_each(|partitions| self.run_on::<S>(&format!("{name}-{partitions}"), *partitions));
    }

    fn run_on<S: Subject>(&self, name: &str, partitions: u32) {
        let seed = seed();
        println!("{name}: seed {seed}; COPYCAT_SEED repeats its choices");
        let mut random = Rng::with_seed(seed);
        let (world, shared) = (World::start(), Shared::new(self.workers));
        let remote = block_on(world.remote());
        let work = |at: usize, random| {
            let _alarm = Alarm(&shared);
            let mut worker = Worker::<S>::new(&world, &remote, format!("{name}-{at}"), partitions, random);
            while !shared.stop.load(Ordering::Relaxed) {
                shared.compared.fetch_add(worker.step(), Ordering::Relaxed);
                shared.steps[at].fetch_add(1, Ordering::Relaxed);
            }
            worker.finish()
        };
        let (account, changes) = thread::scope(|scope| {
            let work = &work;
            let randoms: Vec<Rng> = (0..self.workers).map(|_| random.fork()).collect();
            let workers =
                randoms.into_iter().enumerate().map(|(at, random)| scope.spawn(move || work(at, random)));
            let workers: Vec<_> = workers.collect();
            let changes = self.kill(&world, &shared, &mut random);
            shared.stop.store(true, Ordering::Relaxed);
            let accounts = workers.into_iter().map(|worker| worker.join().expect("a worker without a fault"));
            (accounts.fold(Account::default(), Account::with), changes)
        });
        self.check::<S>(name, &account, changes);
        drop(remote);
        world.close();
    }

    /// Kills members and starts them again, at intervals spread over the operations. Returns the number of groups
    /// that changed their leaders.
    fn kill(&self, world: &World, shared: &Shared, random: &mut Rng) -> usize {
        let _alarm = Alarm(shared);
        let mut changes = 0;
        for kill in 0..self.kills {
            shared.wait_for_operations((kill + 1) * self.operations / (self.kills + 1));
            let leaders = world.leaders();
            let victim = if random.bool() { most_leading(&leaders) } else { random.usize(0..MEMBERS) };
            world.kill(victim);
            shared.wait_for_each(3);
            let others = world.leaders();
            let changed = |group: &u64, leader| others.get(group).is_some_and(|other| *other != leader);
            changes += leaders.iter().filter(|(group, leader)| changed(group, **leader)).count();
            world.revive(victim);
            // By then every worker has opened its collection on the member, so the next member may be killed.
            shared.wait_for_each(2);
        }
        shared.wait_for_operations(self.operations);
        changes
    }

    fn check<S: Subject>(&self, name: &str, account: &Account, changes: usize) {
        let Account { done, ways, repeated, unknown, applied, abandoned } = account;
        let (operations, kills) = (account.operations(), self.kills);
        println!(
            "{name}: {operations} operations; {:?} through members async and sync, {:?} through a remote handle; \
             {kills} kills, {changes} leaders changed; {repeated} attempts repeated; {unknown} outcomes unknown, \
             {applied} of them applied; {abandoned} collections abandoned",
            ways[0], ways[1],
        );
        assert!(operations >= self.operations, "{operations} operations");
        assert!(ways.iter().flatten().all(|count| *count > self.operations / 50), "{ways:?}");
        let never: Vec<_> = S::names().into_iter().filter(|name| !done.contains_key(name)).collect();
        assert!(never.is_empty(), "never chosen: {never:?}");
        assert!(changes > 0, "members that led groups were killed");
    }
}

/// The state that workers and the killing thread share.
struct Shared {
    /// Number of steps of each worker.
    steps: Vec<AtomicU64>,
    /// Number of operations of all workers whose answers were compared.
    compared: AtomicU64,
    stop: AtomicBool,
    failed: AtomicBool,
}

impl Shared {
    fn new(workers: usize) -> Shared {
        let steps = (0..workers).map(|_| AtomicU64::new(0)).collect();
        Shared {
            steps,
            compared: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            failed: AtomicBool::new(false),
        }
    }

    fn steps(&self) -> Vec<u64> {
        assert!(!self.failed.load(Ordering::Relaxed), "a worker has failed; see there");
        self.steps.iter().map(|steps| steps.load(Ordering::Relaxed)).collect()
    }

    /// Waits until `operations` operations were compared. This has no time limit as long as every worker makes
    /// progress.
    fn wait_for_operations(&self, operations: u64) {
        while self.compared.load(Ordering::Relaxed) < operations {
            self.wait_for_each(1);
        }
    }

    /// Waits until each worker has made `more` further steps.
    fn wait_for_each(&self, more: u64) {
        let begun = self.steps();
        until("the steps of every worker", || {
            self.steps().iter().zip(&begun).all(|(now, then)| *now >= then + more).then_some(())
        });
    }
}

/// Ends the trial if one of its threads panics, because the others would wait for it.
struct Alarm<'a>(&'a Shared);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.failed.store(true, Ordering::Relaxed);
            self.0.stop.store(true, Ordering::Relaxed);
        }
    }
}

fn most_leading(leaders: &BTreeMap<u64, usize>) -> usize {
    let led = |at: &usize| leaders.values().filter(|leader| *leader == at).count();
    (0..MEMBERS).max_by_key(led).expect("there are members")
}

/// Returns the seed from the environment, or a random one.
fn seed() -> u64 {
    std::env::var("COPYCAT_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().expect("a number"))
}
