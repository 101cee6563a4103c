//! A trial of one type: many workers, and a killer.

use super::operations::Subject;
use super::worker::{Account, Worker};
use super::world::{MEMBERS, World, block_on, until};
use fastrand::Rng;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

/// What a trial does at least.
pub(crate) struct Trial {
    /// Operations of all workers together, each compared with the model.
    pub operations: u64,
    /// Workers, with a collection each.
    pub workers: usize,
    /// Members that are killed, one after the other.
    pub kills: u64,
}

impl Trial {
    /// Runs it, and says what was done.
    pub(crate) fn run<S: Subject>(&self, name: &str) {
        let seed = seed();
        println!("{name}: seed {seed}; COPYCAT_SEED repeats its choices");
        let mut random = Rng::with_seed(seed);
        let (world, shared) = (World::start(), Shared::new(self.workers));
        let remote = block_on(world.remote());
        let (accounts, changes) = thread::scope(|scope| {
            let workers: Vec<_> = (0..self.workers)
                .map(|at| {
                    let partitions = S::PARTITIONS[at % S::PARTITIONS.len()];
                    let (world, shared, remote, random) = (&world, &shared, &remote, random.fork());
                    let name = format!("{name}-{at}");
                    scope.spawn(move || {
                        let _alarm = Alarm(shared);
                        let mut worker = Worker::<S>::new(world, remote, name, partitions, random);
                        while !shared.stop.load(Ordering::Relaxed) {
                            let compared = worker.step();
                            shared.compared.fetch_add(compared, Ordering::Relaxed);
                            shared.steps[at].fetch_add(1, Ordering::Relaxed);
                        }
                        worker.account
                    })
                })
                .collect();
            let changes = self.kill(&world, &shared, &mut random);
            shared.stop.store(true, Ordering::Relaxed);
            let accounts = workers.into_iter().map(|worker| worker.join().expect("a worker without a fault"));
            (accounts.collect::<Vec<_>>(), changes)
        });
        self.check::<S>(name, &accounts, changes);
        drop(remote);
        world.close();
    }

    /// Kills members and starts them again, spread over the operations. Returns how many groups changed their leaders.
    fn kill(&self, world: &World, shared: &Shared, random: &mut Rng) -> u64 {
        let _alarm = Alarm(shared);
        let mut changes = 0;
        for kill in 0..self.kills {
            shared.wait_for_operations((kill + 1) * self.operations / (self.kills + 1));
            let leaders = world.leaders();
            let victim = if random.bool() { most_leading(&leaders) } else { random.usize(0..MEMBERS) };
            world.kill(victim);
            shared.wait_for_each(3);
            let others = world.leaders();
            changes += leaders
                .iter()
                .filter(|(group, leader)| others.get(group).is_some_and(|other| other != *leader))
                .count() as u64;
            world.revive(victim);
            // Every worker has opened its collection there then, so that the next one may be killed.
            shared.wait_for_each(2);
        }
        shared.wait_for_operations(self.operations);
        changes
    }

    fn check<S: Subject>(&self, name: &str, accounts: &[Account], changes: u64) {
        let mut done: BTreeMap<&str, u64> = BTreeMap::new();
        accounts
            .iter()
            .flat_map(|account| &account.done)
            .for_each(|(name, count)| *done.entry(name).or_default() += count);
        let sum = |of: fn(&Account) -> u64| accounts.iter().map(of).sum::<u64>();
        let ways = [[0, 1], [2, 3]].map(|row| {
            row.map(|at| accounts.iter().map(|account| account.ways[at / 2][at % 2]).sum::<u64>())
        });
        let operations: u64 = done.values().sum();
        println!(
            "{name}: {operations} operations; {:?} through members async and sync, {:?} through a remote handle; {} kills, \
             {changes} leaders changed; {} attempts repeated, {} outcomes unknown, {} collections abandoned",
            ways[0],
            ways[1],
            self.kills,
            sum(|account| account.repeated),
            sum(|account| account.unknown),
            sum(|account| account.abandoned),
        );
        assert!(ways.iter().flatten().all(|count| *count > self.operations / 50), "{ways:?}");
        for operation in S::names() {
            assert!(done.get(operation).is_some_and(|count| *count > 0), "`{operation}` was never chosen");
        }
        assert!(operations >= self.operations, "{operations} operations");
        assert!(self.kills == 0 || changes > 0, "leaders changed");
    }
}

/// What workers and the killer tell each other.
struct Shared {
    /// Steps of each worker.
    steps: Vec<AtomicU64>,
    /// Operations of all of them whose answers were compared.
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

    /// Waits until so many operations were compared. That may take as long as it needs while every worker goes on.
    fn wait_for_operations(&self, operations: u64) {
        while self.compared.load(Ordering::Relaxed) < operations {
            self.wait_for_each(1);
        }
    }

    /// Waits until each worker has made so many steps more.
    fn wait_for_each(&self, more: u64) {
        let begun = self.steps();
        until("the steps of every worker", || {
            self.steps().iter().zip(&begun).all(|(now, then)| *now >= then + more).then_some(())
        });
    }
}

/// Ends the trial where one of its threads panics: the others would wait for it.
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

/// From the environment, or another one each time.
fn seed() -> u64 {
    std::env::var("COPYCAT_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().expect("a number"))
}
