//! Faults about time. Leases, confirmed reads and promises depend on when something was sent, received or begun.
//! Random faults rarely hit the timing that exposes a broken rule. These faults construct it: the others replace a
//! leader that does not hear of it, and reads are sent to that leader just then.

use super::chance::{chance, micros, millis};
use super::clients::{Client, ClientTask};
use super::cluster::Cluster;
use super::disk::End;
use super::event::Event;
use super::member::{HeldMessages, id};
use crate::codec::access::{Access, Consistency};
use crate::codec::ids::GroupId;
use crate::raft::effect::Role;
use std::time::Duration;

/// When a leader that continues receives reads, in microseconds: at once, and while the held-up messages arrive.
const READ_AT_US: [u64; 6] = [0, 300, 1_000, 2_000, 4_000, 8_000];

impl Cluster<'_> {
    /// Returns the groups that a member leads, as far as it knows.
    pub(super) fn led_by(&self, at: usize) -> Vec<GroupId> {
        let views = self.members[at].process.iter().flat_map(|process| &process.views);
        views.filter(|(_, view)| view.role == Role::Leader).map(|(group, _)| *group).collect()
    }

    /// Holds up answers to the victim from now on. Soon the victim is paused, or cut off from sending, until the
    /// others may have elected another leader. Returns how long that takes.
    pub(super) fn hold_up_answers(&mut self, victim: usize) -> Duration {
        let timeout = self.members[victim].timeout.as_millis() as u64;
        let begins = millis(&mut self.random, 0..timeout / 2);
        let stands = self.random.bool();
        // A leader that keeps running steps down after two election timeouts without an answer.
        let over = if stands { timeout * 6 / 5..timeout * 3 } else { timeout * 6 / 5..timeout * 5 / 2 };
        let over = millis(&mut self.random, over);
        let now = self.schedule.now();
        // Answers to its last messages are held up too, but nothing that is sent later.
        let shut = now + begins + millis(&mut self.random, 1..25);
        self.members[victim].held_messages = Some(HeldMessages { messages: Vec::new(), shut });
        self.read_from(victim, begins);
        let begins = begins + micros(&mut self.random, 0..800);
        self.schedule.after(begins, Event::Silence { at: victim, stands, until: now + over });
        self.schedule.after(over, Event::Release { at: victim });
        self.write_elsewhere(victim, timeout);
        over
    }

    /// Writes through all other members, which wait there until another leader is elected. At that time, requests
    /// that the victim received or that were forwarded to it still wait for an answer.
    fn write_elsewhere(&mut self, victim: usize, timeout: u64) {
        let others: Vec<usize> = (0..self.members.len()).filter(|at| *at != victim).collect();
        for group in self.led_by(victim) {
            for step in 10..20 {
                let at = Duration::from_millis(timeout * step / 10);
                others.iter().for_each(|other| self.send_probe(at, *other, group, Access::Write));
            }
        }
    }

    /// Pauses the member, or cuts it off from sending.
    pub(super) fn silence(&mut self, at: usize, stands: bool, until: Duration) {
        if self.members[at].held_messages.is_none() {
            return;
        }
        if stands {
            self.members[at].paused_until = until;
        }
        for other in (0..self.members.len()).filter(|other| *other != at) {
            self.network.set_cut(at, other, true);
        }
    }

    /// Lets the member continue, reads from it, and delivers the messages that were held up. Other messages arrive
    /// later.
    pub(super) fn release(&mut self, at: usize) {
        let Some(HeldMessages { messages, .. }) = self.members[at].held_messages.take() else { return };
        self.read_from(at, Duration::ZERO);
        for other in (0..self.members.len()).filter(|other| *other != at) {
            self.network.set_cut(other, at, true);
        }
        let mut later = micros(&mut self.random, 150..900);
        for (arrival, message) in messages {
            let mut time = self.schedule.now() + later;
            if !message.outlives {
                // A request that was sent before the answers were held up may still be in flight.
                time = self.network.keep_order((message.from, message.to), time.max(arrival));
            }
            self.schedule.at(time, Event::Arrive(message));
            later += micros(&mut self.random, 0..50);
        }
        let rejoined = millis(&mut self.random, 5..30);
        self.schedule.after(rejoined, Event::Rejoin);
    }

    /// Reads, after `delay`, through the member from the groups that it leads now.
    fn read_from(&mut self, at: usize, delay: Duration) {
        for group in self.led_by(at) {
            for soon in READ_AT_US.map(Duration::from_micros) {
                for consistency in [Consistency::Strict, Consistency::Lease, Consistency::Eventual] {
                    self.send_probe(delay + soon, at, group, Access::read(consistency));
                }
            }
        }
    }

    /// Connects the victim to one follower only; the rest hears only that follower. Soon the follower is restarted,
    /// or cut off from the victim. Returns how long that takes.
    pub(super) fn isolate_with_one(&mut self, victim: usize) -> Duration {
        let others: Vec<usize> = (0..self.members.len()).filter(|at| *at != victim).collect();
        let Some(follower) = self.random.choice(others.iter().copied()) else { return Duration::ZERO };
        let timeout = self.members[victim].timeout;
        let now = self.schedule.now();
        // Members that lack entries win no election, so sometimes no client writes before they are cut off.
        let quiet =
            if chance(&mut self.random, 700) { millis(&mut self.random, 20..80) } else { Duration::ZERO };
        if !quiet.is_zero() {
            self.quiet_until = now + quiet + 3 * timeout;
        }
        self.schedule.after(quiet, Event::Isolate { leader: victim, follower });
        // The rest asks for votes between one and two timeouts after it last heard the leader.
        let soon = quiet + timeout * self.random.u32(10..20) / 10;
        let restarts = self.random.bool();
        self.schedule.after(soon, Event::Usurp { leader: victim, follower, restarts });
        let over = soon + timeout * 3 / 2;
        self.schedule.after(over, Event::Rejoin);
        // The follower would forward its requests to the leader, and the rest would then lack those entries.
        let rest: Vec<usize> = others.into_iter().filter(|at| *at != follower).collect();
        let through = self.random.choice(rest).unwrap_or(follower);
        for group in self.led_by(victim) {
            for step in 0..80 {
                let at = quiet + timeout * 4 / 5 + timeout * step / 40;
                self.send_probe(at, victim, group, Access::read(Consistency::Lease));
                if step % 4 == 0 {
                    self.send_probe(at, through, group, Access::Write);
                }
            }
        }
        over
    }

    /// Cuts the leader off from all followers except one.
    pub(super) fn isolate(&mut self, leader: usize, follower: usize) {
        for at in (0..self.members.len()).filter(|at| *at != leader && *at != follower) {
            self.network.set_cut(leader, at, true);
            self.network.set_cut(at, leader, true);
        }
    }

    /// Cuts that follower off from the leader, and may restart it before any member misses it.
    pub(super) fn usurp(&mut self, leader: usize, follower: usize, restarts: bool) {
        self.network.set_cut(follower, leader, true);
        if restarts {
            self.network.set_cut(leader, follower, true);
            let back = millis(&mut self.random, 1..10);
            self.end(follower, End::Killed, back);
        }
    }

    /// Gives every member another election timeout, the victim last. The victim still leads under the old timeout
    /// while members that made it a promise return with the new one. Returns how long that takes.
    pub(super) fn retime(&mut self, victim: usize) -> Duration {
        let (usual, before) = (self.options.election_timeout, self.members[victim].timeout);
        let changed = millis(&mut self.random, self.options.changed_timeout_ms.clone());
        // Mostly this changes from a long timeout to a short one, or the other way round.
        let timeout = if before == usual { changed } else { changed.min(usual) };
        for at in 0..self.members.len() {
            self.members[at].configured = timeout;
            let soon = if at == victim { 300..800 } else { 0..40 };
            let soon = millis(&mut self.random, soon);
            self.schedule.after(soon, Event::Restart { at });
        }
        for group in self.led_by(victim) {
            for step in 0..60 {
                let at = Duration::from_millis(10 * step);
                self.send_probe(at, victim, group, Access::read(Consistency::Lease));
            }
        }
        Duration::from_millis(800)
    }

    /// Restarts a member, which then uses its configured timeout.
    pub(super) fn restart(&mut self, at: usize) {
        let quick = chance(&mut self.random, 700);
        let back = millis(&mut self.random, if quick { 1..20 } else { 20..300 });
        self.note(&[22, at as u64], || format!("{} is restarted by its operator", id(at)));
        self.end(at, End::Killed, back);
    }

    /// Sends one operation, once.
    fn send_probe(&mut self, delay: Duration, through: usize, group: GroupId, access: Access) {
        self.clients.push(Client::new(ClientTask::Probe { through, group, access }));
        self.schedule.after(delay, Event::Ask { client: self.clients.len() - 1 });
    }
}
