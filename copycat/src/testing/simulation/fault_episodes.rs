//! Episodes of faults: draws the next one and its victim, and applies it to the network, processes and disks.

use super::chance::{chance, millis};
use super::clock::DRIFT_MAX_PPM;
use super::cluster::Cluster;
use super::disk::{End, Lost};
use super::event::Event;
use super::faults::Fault;
use super::member::Member;
use super::violation::Violation;
use crate::storage;
use std::time::Duration;

impl Cluster<'_> {
    /// Begins the next episode, and schedules the one after it.
    pub(super) fn strike(&mut self) -> Result<(), Violation> {
        let episodes: Vec<Fault> =
            self.plan.faults.iter().copied().filter(|fault| fault.is_episode()).collect();
        let about_time: Vec<Fault> = episodes.iter().copied().filter(|fault| fault.is_about_time()).collect();
        let share = if chance(&mut self.random, self.options.about_time) { about_time } else { Vec::new() };
        let Some(fault) = self.random.choice(share).or_else(|| self.random.choice(episodes)) else {
            return Ok(());
        };
        let lasts = millis(&mut self.random, self.options.episode_ms.clone());
        let victim = self.victim(fault);
        if fault == Fault::Rot {
            self.rot(victim, lasts)?;
        } else {
            self.report.faults.count(fault);
        }
        self.note(&[20, fault as u64, victim as u64], || format!("fault: {fault} ({})", victim + 1));
        match fault {
            Fault::Partition | Fault::OneWay | Fault::Bridge | Fault::Flapping | Fault::Reset => {
                self.strike_network(fault, victim, lasts);
            }
            Fault::Kill | Fault::PowerCut => self.light_fuse(fault, victim, lasts),
            Fault::Blackout => self.black_out(lasts),
            Fault::Rot => {}
            Fault::Lull => self.lull_until = self.schedule.now() + 2 * lasts,
            _ if fault.is_about_time() => {
                self.lie_in_wait(fault, victim);
                return Ok(());
            }
            _ => self.strike_member(fault, victim, lasts),
        }
        let calm = millis(&mut self.random, self.options.calm_ms.clone());
        self.schedule.after(calm, Event::Strike);
        Ok(())
    }

    /// Begins a fault about time. Other episodes wait until it is over, because it needs everything else to work.
    fn lie_in_wait(&mut self, fault: Fault, victim: usize) {
        self.rejoin();
        let lasts = match fault {
            Fault::Retiming => self.retime(victim),
            Fault::Standstill => self.hold_up_answers(victim),
            _ => self.isolate_with_one(victim),
        };
        let calm = millis(&mut self.random, self.options.calm_ms.clone());
        self.schedule.after(lasts + calm, Event::Strike);
    }

    /// Draws the victim. Half of the time it is a leader, where a fault hurts most; faults about time need a leader.
    fn victim(&mut self, fault: Fault) -> usize {
        let leaders: Vec<usize> = (0..self.members.len()).filter(|at| !self.led_by(*at).is_empty()).collect();
        match self.random.choice(leaders) {
            Some(leader) if fault.is_about_time() || chance(&mut self.random, 500) => leader,
            _ => self.random.usize(0..self.members.len()),
        }
    }

    fn strike_network(&mut self, fault: Fault, victim: usize, lasts: Duration) {
        let count = self.members.len();
        // One side has the victim, the other has not.
        let side: Vec<bool> = (0..count).map(|at| at == victim || chance(&mut self.random, 300)).collect();
        let bridge = self.random.usize(0..count);
        let inwards = self.random.bool();
        for from in 0..count {
            for to in 0..count {
                let cut = match fault {
                    Fault::OneWay => side[from] != side[to] && side[from] == inwards,
                    Fault::Bridge => side[from] != side[to] && from != bridge && to != bridge,
                    Fault::Reset => false,
                    _ => side[from] != side[to],
                };
                if cut {
                    self.network.set_cut(from, to, true);
                }
                if from != to && (cut || (fault == Fault::Reset && chance(&mut self.random, 500))) {
                    self.reset(from, to);
                }
            }
        }
        match fault {
            Fault::Reset => {}
            Fault::Flapping => {
                let pause = lasts / 8;
                for round in 1..8 {
                    let (event, at) =
                        (Event::Flap { side: side.clone(), cut: round % 2 == 0 }, pause * round);
                    self.schedule.after(at, event);
                }
                self.schedule.after(lasts, Event::Rejoin);
            }
            _ => self.schedule.after(lasts, Event::Rejoin),
        }
    }

    /// Ends all cuts, including those of other episodes.
    pub(super) fn rejoin(&mut self) {
        self.network.clear_cuts();
        self.check_links();
    }

    /// Begins or ends the cuts of a flapping partition.
    pub(super) fn flap(&mut self, side: &[bool], cut: bool) {
        for from in 0..side.len() {
            for to in (0..side.len()).filter(|to| side[from] != side[*to]) {
                self.network.set_cut(from, to, cut);
            }
        }
        self.check_links();
    }

    /// Ends the member at one of its next effects, or after a while if it has too few.
    fn light_fuse(&mut self, fault: Fault, victim: usize, lasts: Duration) {
        let effects = self.random.u64(0..60);
        let end = self.draw_end(fault);
        // Some return before any member misses them. They must keep promises that they do not remember.
        let quick = millis(&mut self.random, 1..30);
        let lasts = if self.random.bool() { quick } else { lasts };
        self.members[victim].fuse = Some((effects, end, lasts));
        self.schedule.after(Duration::from_millis(50), Event::Fuse { at: victim });
    }

    fn draw_end(&mut self, fault: Fault) -> End {
        if fault == Fault::Kill { End::Killed } else { End::PowerCut(self.random.u64(..)) }
    }

    fn black_out(&mut self, lasts: Duration) {
        for at in 0..self.members.len() {
            let end = self.draw_end(Fault::Blackout);
            let back = lasts + millis(&mut self.random, 0..100);
            self.end(at, end, back);
        }
    }

    /// Kills a member, and damages the end of its log if the others can tolerate that.
    fn rot(&mut self, victim: usize, lasts: Duration) -> Result<(), Violation> {
        if self.members[victim].process.is_none() {
            return Ok(());
        }
        // It returns soon, before its leader has changed: it had acknowledged the entries to that leader.
        let back = lasts.min(millis(&mut self.random, 1..100));
        self.end(victim, End::Killed, back);
        let lost = self.members[victim].disk.last_entries()?;
        let is_held = |member: &Member, lost: &Lost| {
            member.disk.with_image(|image| image.group(lost.group).entry(lost.index) == Some(lost.entry))
        };
        let others = || self.members.iter().enumerate().filter(|(at, _)| *at != victim);
        let bearable = lost.iter().all(|lost| {
            others().filter(|(_, member)| is_held(member, lost)).count() * 2 > self.members.len()
        });
        if !lost.is_empty() && bearable {
            self.report.faults.count(Fault::Rot);
            self.members[victim].disk.rot(&lost, &mut self.random);
        }
        Ok(())
    }

    fn strike_member(&mut self, fault: Fault, victim: usize, lasts: Duration) {
        let now = self.schedule.now();
        let rate = self.random.u64(1_000_000 - DRIFT_MAX_PPM..=1_000_000 + DRIFT_MAX_PPM);
        let slow = millis(&mut self.random, 20..400);
        let member = &mut self.members[victim];
        match fault {
            Fault::Drift => return member.clock.set_rate(now, rate),
            Fault::Pause => return member.paused_until = now + lasts,
            Fault::SlowDisk => member.slow = slow,
            Fault::DiskFull => member.full = true,
            Fault::WriteError => return member.disk.inject(storage::Fault::Write),
            Fault::SyncError => return member.disk.inject(storage::Fault::Sync),
            _ => {}
        }
        self.schedule.after(lasts, Event::Recover { at: victim });
    }

    /// Restores the speed and the free space of the member's disk.
    pub(super) fn recover_disk(&mut self, at: usize) {
        let member = &mut self.members[at];
        (member.slow, member.full) = (Duration::ZERO, false);
    }
}
