//! Fuzz test with messages that no member sends: whatever numbers they carry, a core neither panics nor forgets
//! committed entries.

use super::effect::{Effect, Effects};
use super::message::{AppendResult, Message};
use super::options::{RaftOptions, Restored};
use super::state::Raft;
use crate::codec::configuration::Configuration;
use crate::codec::ids::{Index, MemberId, Term};
use crate::codec::log_shape::LogShape;
use crate::codec::terms::{LogId, Span, Spans};
use std::time::Duration;

const NUMBERS: [u64; 12] = [0, 1, 1, 2, 2, 3, 4, 5, 1 << 62, (1 << 62) + 1, u64::MAX - 1, u64::MAX];

/// The seed of the cores. It is near the largest number, so that the numbers of campaigns overflow.
const SEED: u64 = u64::MAX - 2;

fn number(random: &mut fastrand::Rng) -> u64 {
    // Most numbers are small, so that many messages are accepted.
    NUMBERS[if random.u8(0..4) == 0 { random.usize(0..12) } else { random.usize(0..8) }]
}

fn log_id(random: &mut fastrand::Rng) -> LogId {
    LogId::new(number(random), number(random))
}

/// Returns the number of a campaign: mostly one of the first of a core with this seed.
fn campaign(random: &mut fastrand::Rng) -> u64 {
    SEED.wrapping_add(number(random))
}

fn entries(random: &mut fastrand::Rng, prev: LogId) -> Spans {
    let mut spans = Spans::default();
    if random.bool() {
        let first = if random.u8(0..5) == 0 { number(random) } else { prev.index.saturating_add(1) };
        let count = if random.u8(0..9) == 0 { number(random) } else { random.u64(0..3) };
        spans.push(Span { term: number(random), first, last: first.saturating_add(count) });
    }
    spans
}

fn message(random: &mut fastrand::Rng) -> Message {
    let term = number(random);
    match random.u8(0..7) {
        0 => {
            let (last, pre, campaign) = (log_id(random), random.bool(), campaign(random));
            Message::RequestVote { term, last, pre, campaign }
        }
        1 => {
            let (granted, pre, campaign) = (random.bool(), random.bool(), campaign(random));
            Message::Vote { term, granted, pre, campaign }
        }
        2 | 3 => {
            let prev = log_id(random);
            let spans = entries(random, prev);
            let nobody = Configuration::default();
            let configurations =
                if random.u8(0..9) == 0 { vec![(number(random), nobody)] } else { Vec::new() };
            Message::Append { term, prev, commit: number(random), spans, configurations }
        }
        4 => {
            let result = match random.bool() {
                true => AppendResult::Accepted { matched: number(random) },
                false => AppendResult::Rejected { prev: number(random), hint: log_id(random) },
            };
            Message::AppendReply { term, result }
        }
        5 => Message::Heartbeat {
            term,
            commit: number(random),
            round: number(random),
            urgent: random.bool(),
            quiet: random.bool(),
        },
        _ => Message::HeartbeatReply {
            term,
            round: number(random),
            verified: number(random),
            durable: number(random),
            last: number(random),
            quiet: random.bool(),
        },
    }
}

const MS: Duration = Duration::from_millis(1);

fn options(entries_max: u64) -> RaftOptions {
    let (election_timeout, heartbeat_interval) = (100 * MS, 20 * MS);
    let (quiet_after, inflight_max) = (1, 2);
    RaftOptions { election_timeout, heartbeat_interval, quiet_after, inflight_max, entries_max, seed: SEED }
}

/// Returns the restored state of member 1 of three.
fn restored(term: Term, vote: Option<MemberId>, log: LogShape, commit: Index) -> Restored {
    let initial = Configuration::of_voters([1, 2, 3].map(MemberId));
    let (id, longest_election_timeout, configurations) = (MemberId(1), 100 * MS, Vec::new());
    Restored { id, initial, longest_election_timeout, term, vote, log, commit, configurations }
}

/// Creates a core that is new, or has a log, whose first entry a snapshot may cover.
fn some_core(random: &mut fastrand::Rng) -> Raft {
    let mut log = LogShape::default();
    let term = random.u64(0..3).min(1);
    if term > 0 {
        log = LogShape::starting_after([LogId::ZERO, LogId::new(1, 1)][random.usize(0..2)]);
        log.append(1, random.u64(0..3));
    }
    let commit = random.u64(0..=log.last().index);
    let entries_max = if random.bool() { 2 } else { u64::MAX };
    Raft::new(options(entries_max), restored(term, None, log, commit), Duration::ZERO)
}

/// Receives a message, and asserts that a refused one changed nothing.
fn hear(raft: &mut Raft, now: Duration, random: &mut fastrand::Rng, fx: &mut Effects) {
    raft.wake(now, |_| now);
    let (from, before) = (MemberId(random.u64(1..5)), (raft.token(), raft.status()));
    if raft.receive(now, from, message(random), fx).is_err() {
        assert_eq!(before, (raft.token(), raft.status()), "a refused message changed something");
        assert!(fx.is_empty(), "a refused message has effects");
    }
}

fn one_history(seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut raft, mut fx, mut now) = (some_core(&mut random), Effects::default(), Duration::ZERO);
    let (mut committed, mut vote) = (Vec::new(), None);
    for _ in 0..200 {
        match random.u8(0..20) {
            0..15 => hear(&mut raft, now, &mut random, &mut fx),
            15 => raft.durable(raft.token(), &mut fx),
            16 => {
                raft.wake(now, |_| Duration::ZERO);
                let _ = raft.propose(random.u64(1..4), &mut fx);
            }
            17 => {
                raft.wake(now, |_| Duration::ZERO);
                let _ = raft.read(now, &mut fx);
            }
            _ => {
                now += MS * random.u32(0..150);
                raft.tick(now, &mut fx);
            }
        }
        for effect in fx.drain() {
            match effect {
                Effect::Commit { index } => committed.push((index, raft.log().term(index))),
                Effect::SaveVote { vote: saved, .. } => vote = saved,
                _ => {}
            }
        }
        for (index, term) in &committed {
            assert_eq!(raft.log().term(*index), *term, "seed {seed}");
        }
        assert!(raft.status().commit <= raft.status().last.index);
    }
    // A core can continue from the state that this one wrote.
    Raft::new(options(1), restored(raft.status().term, vote, raft.log().clone(), raft.status().commit), now);
}

#[test]
fn no_message_makes_a_core_panic_or_forget_what_is_committed() {
    (0..3_000).for_each(one_history);
}
