//! The end of all faults. One member may stay impaired for some time, and the others must work without it.

use super::chance::millis;
use super::cluster::Cluster;
use super::disk::End;
use super::event::Event;
use super::faults::Fault;
use super::member::id;
use std::time::Duration;

impl Cluster<'_> {
    /// Ends all faults: starts the members that are down, stops losing messages, and restores what operators changed.
    pub(super) fn heal(&mut self) {
        self.note(&[21], || "healed".to_owned());
        self.healed_at = Some(self.schedule.now());
        self.network.heal();
        self.impair();
        for at in 0..self.members.len() {
            self.recover_disk(at);
            let member = &mut self.members[at];
            member.disk.heal();
            (member.fuse, member.held_messages) = (None, None);
            member.paused_until = Duration::ZERO;
            member.configured = self.options.election_timeout;
            // A member with an old program may be elected as long as it has not met the unknown command.
            let restarts = member.timeout != member.configured || self.plan.old.is_some();
            if let Some(process) = &member.process {
                process.port.free_queues();
            }
            if self.members[at].process.is_none() {
                let soon = millis(&mut self.random, 1..100);
                self.schedule.after(soon, Event::Start { at });
            } else if restarts {
                self.end(at, End::Killed, Duration::ZERO);
            }
        }
        self.check_links();
        self.begin_settling();
    }

    /// Chooses the member that stays impaired, if the run has one.
    fn impair(&mut self) {
        self.impaired = self.plan.old;
        if self.impaired.is_some() {
            self.report.faults.count(Fault::OldProgram);
            return;
        }
        let drawn = self.plan.members > 2 && self.plan.faults.contains(&Fault::Deafness);
        let leaders: Vec<usize> = (0..self.members.len()).filter(|at| !self.led_by(*at).is_empty()).collect();
        let Some(leader) = self.random.choice(leaders).filter(|_| drawn) else {
            return;
        };
        self.report.faults.count(Fault::Deafness);
        self.note(&[23, leader as u64], || format!("{} hears nobody", id(leader)));
        for from in (0..self.members.len()).filter(|from| *from != leader) {
            self.network.set_cut(from, leader, true);
        }
        self.impaired = Some(leader);
    }

    /// Heals the impaired member, after the others have worked without it.
    pub(super) fn mend(&mut self, at: usize) {
        self.note(&[24, at as u64], || format!("{} gets well", id(at)));
        self.impaired = None;
        self.healed_at = Some(self.schedule.now());
        self.network.clear_cuts();
        if self.plan.old.take().is_some() {
            self.end(at, End::Killed, Duration::ZERO);
        }
        self.check_links();
    }
}
