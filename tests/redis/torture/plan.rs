//! The plan of a run: the harm to the servers, and its times.

use super::audit::{Findings, audit};
use super::servers::{Servers, until};
use super::writers::Writers;
use rustix::process::Signal;
use std::ops::Range;
use std::time::{Duration, Instant};

/// The harm done to one server at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Harm {
    /// The server is killed, and started again after a while.
    Kill,
    /// The server is stopped for some seconds, and woken.
    Stop,
}

/// The plan of a run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) harm: Harm,
    /// Number of clients that write meanwhile.
    pub(crate) clients: usize,
    /// The seed for the order of the victims and for the pauses.
    pub(crate) seed: u64,
    /// Most victims; `end` may come earlier.
    pub(crate) rounds: usize,
    /// The time after which no server is harmed.
    pub(crate) end: Instant,
    /// How long a server is stopped, in seconds.
    pub(crate) stop_s: Range<f64>,
}

impl Plan {
    /// Runs the plan, then kills all servers at once, starts them again, and looks everything up.
    pub(crate) fn carry_out(&self, servers: &mut Servers) -> Findings {
        let mut random = fastrand::Rng::with_seed(self.seed);
        let writers = Writers::start((0..3).map(|at| servers.address(at)).collect(), self.clients);
        let mut rounds = 0;
        while rounds < self.rounds && Instant::now() < self.end {
            progress(&writers);
            self.harm(servers, &writers, &mut random);
            rounds += 1;
        }
        progress(&writers);
        servers.kill_all();
        servers.start_all();
        // Besides keeping the old data, the servers must accept new writes.
        progress(&writers);
        let books = writers.end();
        audit(servers, &books, rounds)
    }

    /// Harms one server: half of the time the leader, otherwise any.
    fn harm(&self, servers: &mut Servers, writers: &Writers, random: &mut fastrand::Rng) {
        let victim = if random.bool() { servers.leader() } else { random.usize(..3) };
        match self.harm {
            Harm::Kill => {
                servers.kill(victim);
                // The servers that are left serve meanwhile.
                progress(writers);
                pause(random.f64() * 0.5);
                servers.start(victim);
                // Sometimes the next victim is hit before this one has caught up. The cluster then has no majority.
                if random.bool() {
                    servers.settle();
                }
            }
            Harm::Stop => {
                servers.signal(victim, Signal::STOP);
                pause(self.stop_s.start + random.f64() * (self.stop_s.end - self.stop_s.start));
                progress(writers);
                servers.signal(victim, Signal::CONT);
            }
        }
    }
}

/// Waits until more writes were acknowledged.
fn progress(writers: &Writers) {
    let goal = writers.acknowledged() + 100;
    until("acknowledged writes", || (writers.acknowledged() >= goal).then_some(()));
}

fn pause(seconds: f64) {
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        std::thread::park_timeout(left);
    }
}
