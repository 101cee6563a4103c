//! What is done to the servers, and when.

use super::audit::{Findings, audit};
use super::servers::{Servers, until};
use super::writers::Writers;
use rustix::process::Signal;
use std::ops::Range;
use std::time::{Duration, Instant};

/// What happens to one server at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Harm {
    /// Killed, and started again after a while.
    Kill,
    /// Stopped for some seconds, and woken.
    Stop,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) harm: Harm,
    /// Clients that write meanwhile.
    pub(crate) clients: usize,
    /// Of the order of the victims, and of pauses.
    pub(crate) seed: u64,
    /// Most victims; the end may come earlier.
    pub(crate) rounds: usize,
    /// No victims after that.
    pub(crate) end: Instant,
    /// How long a server is stopped, in seconds.
    pub(crate) stop_s: Range<f64>,
}

impl Plan {
    /// Does it, then kills all servers at once, starts them again, and looks everything up.
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
        // Not only everything old: they go on as well.
        progress(&writers);
        let books = writers.end();
        audit(servers, &books, rounds)
    }

    /// One victim: any of them, every other time the leader.
    fn harm(&self, servers: &mut Servers, writers: &Writers, random: &mut fastrand::Rng) {
        let victim = if random.bool() { servers.leader() } else { random.usize(..3) };
        match self.harm {
            Harm::Kill => {
                servers.kill(victim);
                // Those that are left serve meanwhile, now and then for a while.
                progress(writers);
                pause(random.f64() * 0.5);
                servers.start(victim);
                // Sometimes the next one is hit before this one has caught up, which takes the majority away.
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
