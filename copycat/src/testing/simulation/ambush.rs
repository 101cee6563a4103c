//! Faults about time. Leases, confirmations and promises hold because of when something was sent, heard or begun.
//! Chance alone hardly ever builds the moment in which breaking such a rule shows, so these faults build it: a
//! leader that others have replaced without its hearing of it, and reads that are asked of it just then.

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

/// When a leader that goes on is read from: at once, and again while what was held up arrives.
const READ_AT_US: [u64; 6] = [0, 300, 1_000, 2_000, 4_000, 8_000];

impl Cluster<'_> {
    /// The groups that a member leads, as far as it knows.
    pub(super) fn led_by(&self, at: usize) -> Vec<GroupId> {
        let views = self.members[at].process.iter().flat_map(|process| &process.views);
        views.filter(|(_, view)| view.role == Role::Leader).map(|(group, _)| *group).collect()
    }

    /// Answers to the victim are held up from now on. Soon it stands still, or is not heard any more, until the others
    /// may have elected another leader. Returns how long that takes.
    pub(super) fn hold_up_answers(&mut self, victim: usize) -> Duration {
        let timeout = self.members[victim].timeout.as_millis() as u64;
        let begins = millis(&mut self.random, 0..timeout / 2);
        let stands = self.random.bool();
        // One that goes on steps down after two election timeouts without an answer.
        let over = if stands { timeout * 6 / 5..timeout * 3 } else { timeout * 6 / 5..timeout * 5 / 2 };
        let over = millis(&mut self.random, over);
        let now = self.schedule.now();
        // What answers its last words is held up too, and nothing that was sent later.
        let shut = now + begins + millis(&mut self.random, 1..25);
        self.members[victim].pen = Some(HeldMessages { parcels: Vec::new(), shut });
        self.read_from(victim, begins);
        let begins = begins + micros(&mut self.random, 0..800);
        self.schedule.after(begins, Event::Silence { at: victim, stands, until: now + over });
        self.schedule.after(over, Event::Release { at: victim });
        self.write_elsewhere(victim, timeout);
        over
    }

    /// Writes through all others, which wait there until another leader is elected: whoever asked the victim, or was
    /// passed on to it, still waits for an answer.
    fn write_elsewhere(&mut self, victim: usize, timeout: u64) {
        let others: Vec<usize> = (0..self.members.len()).filter(|at| *at != victim).collect();
        for group in self.led_by(victim) {
            for step in 10..20 {
                let at = Duration::from_millis(timeout * step / 10);
                others.iter().for_each(|other| self.send_probe(at, *other, group, Access::Write));
            }
        }
    }

    /// The member stands still, or nothing gets away from it any more.
    pub(super) fn silence(&mut self, at: usize, stands: bool, until: Duration) {
        if self.members[at].pen.is_none() {
            return;
        }
        if stands {
            self.members[at].paused_until = until;
        }
        for other in (0..self.members.len()).filter(|other| *other != at) {
            self.network.set_cut(at, other, true);
        }
    }

    /// It goes on, is read from, and gets what was held up. Other news reaches it a little later.
    pub(super) fn release(&mut self, at: usize) {
        let Some(HeldMessages { parcels, .. }) = self.members[at].pen.take() else { return };
        self.read_from(at, Duration::ZERO);
        for other in (0..self.members.len()).filter(|other| *other != at) {
            self.network.set_cut(other, at, true);
        }
        let mut later = micros(&mut self.random, 150..900);
        for (arrival, parcel) in parcels {
            let mut time = self.schedule.now() + later;
            if !parcel.outlives {
                // A request that was sent before the answers were held up may still be in flight.
                time = self.network.keep_order((parcel.from, parcel.to), time.max(arrival));
            }
            self.schedule.at(time, Event::Arrive(parcel));
            later += micros(&mut self.random, 0..50);
        }
        let rejoined = millis(&mut self.random, 5..30);
        self.schedule.after(rejoined, Event::Rejoin);
    }

    /// The groups that the member leads now are read through it after `delay`.
    fn read_from(&mut self, at: usize, delay: Duration) {
        for group in self.led_by(at) {
            for soon in READ_AT_US.map(Duration::from_micros) {
                for consistency in [Consistency::Strict, Consistency::Lease, Consistency::Eventual] {
                    self.send_probe(delay + soon, at, group, Access::read(consistency));
                }
            }
        }
    }

    /// The victim and one other hear each other, the rest hears only that other. Soon that one is restarted, or is not
    /// heard any more. Returns how long that takes.
    pub(super) fn isolate_with_one(&mut self, victim: usize) -> Duration {
        let others: Vec<usize> = (0..self.members.len()).filter(|at| *at != victim).collect();
        let Some(follower) = self.random.choice(others.iter().copied()) else { return Duration::ZERO };
        let timeout = self.members[victim].timeout;
        let now = self.schedule.now();
        // A rest that lacks entries wins nothing: sometimes nobody writes before it is cut off.
        let quiet =
            if chance(&mut self.random, 700) { millis(&mut self.random, 20..80) } else { Duration::ZERO };
        if !quiet.is_zero() {
            self.quiet_until = now + quiet + 3 * timeout;
        }
        self.schedule.after(quiet, Event::Isolate { leader: victim, follower });
        // The rest asks for votes between one and two timeouts after it has heard the leader.
        let soon = quiet + timeout * self.random.u32(10..20) / 10;
        let restarts = self.random.bool();
        self.schedule.after(soon, Event::Usurp { leader: victim, follower, restarts });
        let over = soon + timeout * 3 / 2;
        self.schedule.after(over, Event::Rejoin);
        // What the follower is asked it passes on to the leader: then the rest would lack that.
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

    /// The leader keeps one follower.
    pub(super) fn isolate(&mut self, leader: usize, follower: usize) {
        for at in (0..self.members.len()).filter(|at| *at != leader && *at != follower) {
            self.network.set_cut(leader, at, true);
            self.network.set_cut(at, leader, true);
        }
    }

    /// That one is not heard by the leader any more, and perhaps starts again before anybody misses it.
    pub(super) fn usurp(&mut self, leader: usize, follower: usize, restarts: bool) {
        self.network.set_cut(follower, leader, true);
        if restarts {
            self.network.set_cut(leader, follower, true);
            let back = millis(&mut self.random, 1..10);
            self.end(follower, End::Killed, back);
        }
    }

    /// Every member gets another election timeout, the victim last: it goes on leading under the old one, and those
    /// who promised it something come back with the new one. Returns how long that takes.
    pub(super) fn retime(&mut self, victim: usize) -> Duration {
        let (usual, before) = (self.options.election_timeout, self.members[victim].timeout);
        let changed = millis(&mut self.random, self.options.changed_timeout_ms.clone());
        // Mostly from a long one to a short one, or the other way round.
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

    /// An operator restarts a member, which then has what it is configured to have.
    pub(super) fn restart(&mut self, at: usize) {
        let quick = chance(&mut self.random, 700);
        let back = millis(&mut self.random, if quick { 1..20 } else { 20..300 });
        self.note(&[22, at as u64], || format!("{} is restarted by its operator", id(at)));
        self.end(at, End::Killed, back);
    }

    /// One operation, asked once.
    fn send_probe(&mut self, delay: Duration, through: usize, group: GroupId, access: Access) {
        self.clients.push(Client::new(ClientTask::Probe { through, group, access }));
        self.schedule.after(delay, Event::Ask { client: self.clients.len() - 1 });
    }
}
