//! Tests the safety properties of figure 3 under random loss, duplication, reordering, crashes, half-finished flushes
//! and isolation. One seed gives one history.

use super::world::World;
use crate::codec::configuration::Configuration;
use crate::codec::ids::{Index, MemberId, Term};
use crate::raft::effect::Role;
use crate::raft::message::Message;
use crate::raft::options::RaftOptions;
use std::collections::BTreeMap;
use std::time::Duration;

const STEPS: usize = 4_000;

/// The facts of one history that must never be contradicted.
#[derive(Default)]
struct Invariants {
    leaders: BTreeMap<Term, MemberId>,
    /// The term committed at each index; position 0 is before the log.
    committed: Vec<Term>,
    /// Reads without an answer, each with the commit index when it was asked.
    reads: BTreeMap<(MemberId, u64), Index>,
    answered: usize,
    leased: usize,
    /// Messages that are very late.
    late: Vec<(MemberId, MemberId, Message)>,
}

impl Invariants {
    fn check(&mut self, world: &World) {
        for id in world.ids() {
            let Ok(raft) = world.raft(id) else { continue };
            let status = raft.status();
            // State-machine safety: no member commits another entry at the same index.
            for index in 1..=status.commit {
                let term = raft.log().term(index).unwrap();
                match self.committed.get(index as usize) {
                    Some(known) => assert_eq!(*known, term, "{id} commits another entry {index}"),
                    None => self.committed.push(term),
                }
            }
            if status.role == Role::Leader {
                self.check_leader(id, world);
            }
        }
        let known = self.committed.len() as Index - 1;
        for id in world.ids() {
            let Ok(raft) = world.raft(id) else { continue };
            if let Some(index) = raft.lease(world.now).map(|lease| lease.index) {
                assert!(index >= known, "lease read of {id} at {index}, but {known} was committed");
                self.leased += 1;
            }
        }
    }

    /// Checks election safety and leader completeness.
    fn check_leader(&mut self, id: MemberId, world: &World) {
        let raft = world.raft(id).unwrap();
        let term = raft.status().term;
        assert_eq!(*self.leaders.entry(term).or_insert(id), id, "two leaders in term {term}");
        if self.leaders.last_key_value().is_some_and(|(newest, _)| *newest == term) {
            for (index, committed) in self.committed.iter().enumerate() {
                let held = raft.log().term(index as Index);
                assert_eq!(held, Some(*committed), "leader {id} of {term} lacks entry {index}");
            }
        }
    }

    /// Checks log matching: two logs are equal up to the last entry that they share.
    fn check_logs(world: &World) {
        let logs: Vec<_> =
            world.ids().iter().filter_map(|id| world.raft(*id).ok()).map(|r| r.log()).collect();
        for (at, a) in logs.iter().enumerate() {
            for b in &logs[..at] {
                let last = a.last().index.min(b.last().index);
                let shared = (0..=last).rev().find(|index| a.term(*index) == b.term(*index)).unwrap();
                assert!((0..=shared).all(|index| a.term(index) == b.term(index)), "{a:?} and {b:?}");
            }
        }
    }

    /// Checks that each answered read reflects everything that was committed when it was asked.
    fn check_reads(&mut self, world: &mut World) {
        for event in std::mem::take(&mut world.events) {
            let words: Vec<_> = event.split(' ').collect();
            let number = |at: usize| words[at].parse::<u64>().unwrap();
            if let ["answers", "reads"] = words[1..3] {
                let (id, through, index) = (MemberId(number(0)), number(4), number(6));
                let open = self.reads.split_off(&(id, 0));
                for ((member, ticket), known) in open {
                    if member == id && ticket <= through {
                        assert!(index >= known, "read {ticket} at {index}, but {known} was committed");
                        self.answered += 1;
                    } else {
                        self.reads.insert((member, ticket), known);
                    }
                }
            }
        }
    }
}

fn initial_configuration(random: &mut fastrand::Rng) -> Configuration {
    let set = |range: std::ops::RangeInclusive<u64>| range.map(MemberId).collect::<Vec<_>>();
    let count = random.u64(1..=5);
    let outgoing = if random.u8(0..4) == 0 { set(random.u64(1..=3)..=random.u64(3..=5)) } else { Vec::new() };
    let learners = if random.bool() { set(6..=6) } else { Vec::new() };
    Configuration { voters: set(1..=count), outgoing, learners }
}

fn step(world: &mut World, truth: &mut Invariants, random: &mut fastrand::Rng) {
    let ids = world.ids();
    let id = ids[random.usize(0..ids.len())];
    match random.u8(0..100) {
        0..49 => deliver(world, truth, random),
        49 if !truth.late.is_empty() => {
            let (from, to, message) = truth.late.swap_remove(random.usize(0..truth.late.len()));
            world.receive(from, to, message).unwrap();
        }
        50..58 => world.released(id).unwrap(),
        58..66 => world.told(id).unwrap(),
        66..69 => world.member(id).unwrap().disk.begin_flush(),
        69 if world.is_up(id) => {
            let heard = world.now.saturating_sub(Duration::from_micros(random.u64(0..200_000)));
            world.wake(id, heard).unwrap();
        }
        70..84 => tick(world, random),
        84..91 => drop(world.is_up(id).then(|| world.propose(id, random.u64(1..4)))),
        91..95 if world.is_up(id) => {
            world.wake(id, world.now).unwrap();
            if let Ok(ticket) = world.call(id, |raft, now, fx| raft.read(now, fx)).unwrap() {
                truth.reads.insert((id, ticket.0), truth.committed.len() as Index - 1);
            }
        }
        95 if random.u8(0..3) == 0 => {
            truth.reads.retain(|(member, _), _| *member != id);
            world.member(id).unwrap().crash();
            if random.bool() {
                start(world, id);
            }
        }
        96 => start(world, id),
        97 if random.u8(0..3) == 0 => world.isolate(id, true),
        98 => world.isolate(id, false),
        99 if world.is_up(id) => {
            let peer = ids[random.usize(0..ids.len())];
            world.wake(id, world.now).unwrap();
            world.call(id, |raft, _, _| raft.disconnected(peer)).unwrap();
        }
        _ => {}
    }
}

fn start(world: &mut World, id: MemberId) {
    let now = world.now;
    let member = world.member(id).unwrap();
    if member.raft.is_none() {
        member.start(now);
    }
}

fn deliver(world: &mut World, truth: &mut Invariants, random: &mut fastrand::Rng) {
    // Mostly the oldest message, sometimes any other.
    let skip = if random.u8(0..4) == 0 { random.usize(0..8) } else { 0 };
    let seen = std::cell::Cell::new(0);
    let wanted = |_: MemberId, _: MemberId, _: &Message| seen.replace(seen.get() + 1) == skip;
    let Some((from, to, message)) = world.take(wanted) else { return };
    match random.u8(0..40) {
        0 => return,
        1 => return truth.late.push((from, to, message)),
        _ => {}
    }
    if random.u8(0..20) == 0 {
        world.put(from, to, message.clone());
    }
    if world.connected(from, to) {
        world.receive(from, to, message).unwrap();
    }
}

fn tick(world: &mut World, random: &mut fastrand::Rng) {
    world.now += Duration::from_micros(random.u64(0..5_000));
    if let Some((due, id)) = world.next_deadline()
        && due <= world.now
    {
        world.call(id, |raft, now, fx| raft.tick(now, fx)).unwrap();
    }
}

/// Runs one history. Returns the numbers of committed entries, elected leaders, answered reads and lease reads.
fn history(seed: u64) -> (usize, usize, usize, usize) {
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut world, mut truth) =
        (World::default(), Invariants { committed: vec![0], ..Invariants::default() });
    world.brief = true;
    // Groups with short timeouts elect often; those with long ones replicate.
    let election_timeout = Duration::from_millis([8, 20, 100][random.usize(0..3)]);
    let options = RaftOptions {
        election_timeout,
        heartbeat_interval: election_timeout / 5,
        quiet_after: [0, 2, u64::MAX][random.usize(0..3)],
        inflight_max: random.usize(1..4),
        entries_max: random.u64(1..5),
        seed,
    };
    world.form(&initial_configuration(&mut random), &options);
    for at in 0..STEPS {
        step(&mut world, &mut truth, &mut random);
        truth.check(&world);
        truth.check_reads(&mut world);
        if at % 50 == 0 {
            Invariants::check_logs(&world);
        }
    }
    recover(&mut world, &mut truth);
    (truth.committed.len() - 1, truth.leaders.len(), truth.answered, truth.leased)
}

/// Ends all faults. Within 1.5 s a leader must be elected and commit, and all logs must become equal.
fn recover(world: &mut World, truth: &mut Invariants) {
    for id in world.ids() {
        start(world, id);
        world.isolate(id, false);
        // The owners have heard that others have restarted.
        world.wake(id, world.now).unwrap();
    }
    let end = world.now + Duration::from_millis(1_500);
    while world.now < end {
        match world.next_deadline() {
            Some((due, id)) if due < end => {
                world.now = world.now.max(due);
                world.call(id, |raft, now, fx| raft.tick(now, fx)).unwrap();
            }
            _ => world.now = end,
        }
        settle(world);
        truth.check(world);
        truth.check_reads(world);
    }
    let leads = |id: &MemberId| world.raft(*id).unwrap().status().role == Role::Leader;
    let leader = world.ids().into_iter().find(leads).expect("a leader");
    let before = world.raft(leader).unwrap().status();
    assert_eq!(before.commit, before.last.index, "everything commits");
    for id in world.ids() {
        let status = world.raft(id).unwrap().status();
        assert_eq!((status.last, status.commit), (before.last, before.commit), "{id} against {leader}");
    }
    truth.check(world);
}

fn settle(world: &mut World) {
    loop {
        world.ids().into_iter().for_each(|id| world.flushed(id).unwrap());
        let Some((from, to, message)) = world.take(|_, _, _| true) else { return };
        world.receive(from, to, message).unwrap();
    }
}

#[test]
fn safety_holds_in_every_history() {
    let seeds = std::env::var("SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(60);
    let (mut committed, mut leaders, mut answered, mut leased) = (0, 0, 0, 0);
    for seed in 0..seeds {
        let one = std::panic::catch_unwind(|| history(seed)).unwrap_or_else(|cause| {
            eprintln!("seed {seed}");
            std::panic::resume_unwind(cause)
        });
        committed += one.0;
        leaders += one.1;
        answered += one.2;
        leased += one.3;
    }
    println!("{seeds} histories: {committed} entries, {leaders} leaders, {answered} reads, {leased} leases");
    let seeds = seeds as usize;
    assert!(committed > 30 * seeds && leaders > 2 * seeds && answered > 5 * seeds, "too little happened");
}
