//! Messages nobody sends: whatever numbers they carry, a core neither panics nor forgets what is committed.

use super::effect::{Effect, Effects};
use super::message::{AppendResult, Message};
use super::options::{Options, Restored};
use super::state::Raft;
use crate::codec::configuration::Configuration;
use crate::codec::ids::MemberId;
use crate::codec::log_shape::LogShape;
use crate::codec::terms::{LogId, Span, Spans};
use std::time::Duration;

const NUMBERS: [u64; 12] = [0, 1, 1, 2, 2, 3, 4, 5, 1 << 62, (1 << 62) + 1, u64::MAX - 1, u64::MAX];

fn number(random: &mut fastrand::Rng) -> u64 {
    // Mostly small, so that much of it is believed.
    NUMBERS[if random.u8(0..4) == 0 { random.usize(0..12) } else { random.usize(0..8) }]
}

fn log_id(random: &mut fastrand::Rng) -> LogId {
    LogId::new(number(random), number(random))
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
        0 => Message::RequestVote { term, last: log_id(random), pre: random.bool() },
        1 => Message::Vote { term, granted: random.bool(), pre: random.bool() },
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
        5 => Message::Heartbeat { term, commit: number(random), round: number(random) },
        _ => Message::HeartbeatReply {
            term,
            round: number(random),
            accepted: number(random),
            durable: number(random),
            last: number(random),
        },
    }
}

#[test]
fn no_message_makes_a_core_panic_or_forget_what_is_committed() {
    for seed in 0..500 {
        let mut random = fastrand::Rng::with_seed(seed);
        let options = Options {
            election_timeout: Duration::from_millis(100),
            heartbeat_interval: Duration::from_millis(20),
            inflight_max: 2,
            entries_max: if random.bool() { 2 } else { u64::MAX },
            seed,
        };
        let initial = Configuration::of_voters([1, 2, 3].map(MemberId));
        let mut log = LogShape::starting_after([LogId::ZERO, LogId::new(1, 1)][random.usize(0..2)]);
        log.append(1, random.u64(0..3));
        let commit = random.u64(0..=log.last().index);
        let restored = Restored {
            id: MemberId(1),
            initial,
            promised: Duration::from_millis(100),
            term: 1,
            vote: None,
            log,
            commit,
            configurations: Vec::new(),
        };
        let (mut raft, mut fx, mut now) =
            (Raft::new(options, restored, Duration::ZERO), Effects::default(), 0);
        let mut committed = Vec::new();
        for _ in 0..200 {
            match random.u8(0..20) {
                0..15 => {
                    let from = MemberId(random.u64(1..5));
                    let before = (raft.token(), raft.status());
                    if raft.receive(Duration::from_millis(now), from, message(&mut random), &mut fx).is_err()
                    {
                        assert_eq!(
                            before,
                            (raft.token(), raft.status()),
                            "a refused message changed something"
                        );
                        assert!(fx.is_empty(), "a refused message has effects");
                    }
                }
                15 => raft.durable(raft.token(), &mut fx),
                16 => drop(raft.propose(random.u64(1..4), &mut fx)),
                17 => drop(raft.read(Duration::from_millis(now), &mut fx)),
                _ => {
                    now += random.u64(0..150);
                    raft.tick(Duration::from_millis(now), &mut fx);
                }
            }
            for effect in fx.drain() {
                if let Effect::Commit { index } = effect {
                    committed.push((index, raft.log().term(index)));
                }
            }
            committed
                .iter()
                .for_each(|(index, term)| assert_eq!(raft.log().term(*index), *term, "seed {seed}"));
            assert!(raft.status().commit <= raft.status().last.index);
        }
    }
}
