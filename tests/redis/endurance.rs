//! A short version of `redis-torture`, which runs as long as it is told.

use super::servers::Servers;
use super::torture::plan::{Harm, Plan};
use std::time::Instant;

fn endure(harm: Harm, rounds: usize) {
    let mut servers = Servers::started(env!("CARGO_BIN_EXE_redis-torture"));
    let seed = fastrand::u64(..);
    // The number of victims ends the run; the time limit is never reached.
    let end = Instant::now() + super::servers::PATIENCE * 60;
    let plan = Plan { harm, clients: 6, seed, rounds, end, stop_s: 1.0..2.0 };
    let findings = plan.carry_out(&mut servers);
    assert!(findings.is_good(), "{plan:?}\n{findings}");
    servers.close_all();
}

#[test]
fn nothing_is_lost_while_servers_are_killed() {
    endure(Harm::Kill, 6);
}

#[test]
fn nothing_is_lost_while_servers_are_stopped() {
    endure(Harm::Stop, 2);
}
