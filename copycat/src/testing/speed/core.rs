//! Three cores on one thread: the cost of consensus alone.

use crate::codec::configuration::Configuration;
use crate::codec::ids::MemberId;
use crate::codec::log_shape::LogShape;
use crate::raft::effect::{Effect, Effects, Role};
use crate::raft::message::Message;
use crate::raft::options::{RaftOptions, Restored};
use crate::raft::state::Raft;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

const MEMBERS: u64 = 3;
/// Number of batches between two looks at the clock.
const LOOK: u64 = 64;

/// Three members of a group. Their writes are durable at once, and their messages arrive at once.
struct Group {
    cores: Vec<Raft>,
    network: VecDeque<(MemberId, MemberId, Message)>,
    effects: Effects,
    now: Duration,
    committed: u64,
}

/// Returns the number of entries per second that three cores commit, including the followers' work. Entries are
/// proposed in batches of `batch`; both followers acknowledge each batch before the next is proposed. Runs for about
/// `time`.
///
/// # Panics
///
/// If `batch` is 0.
pub fn core(batch: u64, time: Duration) -> f64 {
    assert!(batch > 0, "a batch holds at least one entry");
    let mut group = Group::elected();
    let (before, began) = (group.committed, Instant::now());
    while began.elapsed() < time {
        for _ in 0..LOOK {
            group.cores[0].propose(batch, &mut group.effects).expect("the first member leads");
            group.carry_out(0);
            group.deliver();
        }
    }
    let took = began.elapsed().as_secs_f64();
    assert!(group.committed > before, "what is proposed is committed");
    (group.committed - before) as f64 / took
}

impl Group {
    /// Creates a group in which the first member leads and has committed its first entry.
    fn elected() -> Group {
        let initial = Configuration::of_voters((1..=MEMBERS).map(MemberId));
        let core = |id| {
            let options = RaftOptions {
                election_timeout: Duration::from_millis(300),
                heartbeat_interval: Duration::from_millis(50),
                quiet_after: u64::MAX,
                inflight_max: 64,
                entries_max: 4_096,
                seed: id,
            };
            let restored = Restored {
                id: MemberId(id),
                initial: initial.clone(),
                longest_election_timeout: Duration::from_millis(300),
                term: 0,
                vote: None,
                log: LogShape::default(),
                commit: 0,
                configurations: Vec::new(),
            };
            Raft::new(options, restored, Duration::ZERO)
        };
        let cores = (1..=MEMBERS).map(core).collect();
        let (network, effects) = (VecDeque::new(), Effects::default());
        let mut group = Group { cores, network, effects, now: Duration::from_secs(1), committed: 0 };
        group.cores[0].tick(group.now, &mut group.effects);
        group.carry_out(0);
        group.deliver();
        assert_eq!(group.cores[0].status().role, Role::Leader, "nobody else stands");
        group
    }

    /// Carries out the effects of a member's core. Its writes are durable before anything else happens.
    fn carry_out(&mut self, at: usize) {
        let durable = self.cores[at].token();
        self.collect(at);
        self.cores[at].durable(durable, &mut self.effects);
        self.collect(at);
    }

    fn collect(&mut self, at: usize) {
        let from = MemberId(at as u64 + 1);
        for effect in self.effects.drain() {
            match effect {
                Effect::Send { to, message, .. } => self.network.push_back((from, to, message)),
                Effect::Commit { index } if at == 0 => self.committed = index,
                _ => {}
            }
        }
    }

    /// Delivers every message, and all messages that follow.
    fn deliver(&mut self) {
        while let Some((from, to, message)) = self.network.pop_front() {
            let at = to.0 as usize - 1;
            let taken = self.cores[at].receive(self.now, from, message, &mut self.effects);
            taken.expect("cores understand each other");
            self.carry_out(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_what_it_proposes() {
        let mut group = Group::elected();
        let before = group.committed;
        for _ in 0..10 {
            group.cores[0].propose(7, &mut group.effects).unwrap();
            group.carry_out(0);
            group.deliver();
        }
        assert_eq!(group.committed, before + 70);
        assert!(group.cores.iter().all(|core| core.status().last.index == before + 70));
    }
}
