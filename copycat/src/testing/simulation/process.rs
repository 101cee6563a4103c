//! The steps of a process: turns, ticks, flushes, segment preallocations, and work of the applier. Each step may end
//! it.

use super::chance::{chance, micros, millis};
use super::cluster::Cluster;
use super::disk::End;
use super::event::Event;
use super::faults::Fault;
use super::member::id;
use super::violation::Violation;
use crate::node::completions::Done;
use crate::node::shard::{Input, Shard};
use crate::storage;
use std::time::Duration;

/// Longest delay, in microseconds, until a shard that does not wait for a flush learns of it: one tick.
const LATE_US: u64 = 5_000;

impl Cluster<'_> {
    /// Schedules a turn of the process, unless one is due already.
    pub(super) fn wake(&mut self, at: usize) {
        let soon = micros(&mut self.random, 1..150);
        let member = &mut self.members[at];
        let life = member.life;
        if let Some(process) = &mut member.process
            && !std::mem::replace(&mut process.turn_due, true)
        {
            self.schedule.after(soon, Event::Turn { at, life });
        }
    }

    /// Lets the process take everything that has arrived.
    pub(super) fn turn(&mut self, at: usize) -> Result<(), Violation> {
        let now = self.members[at].clock.read(self.schedule.now());
        let Some(process) = &mut self.members[at].process else { return Ok(()) };
        process.turn_due = false;
        let inputs = process.inbox.len() as u64;
        process.shard.turn(now, process.inbox.drain(..));
        self.note(&[3, at as u64, inputs], || format!("{} takes a turn of {inputs}", id(at)));
        self.follow_up(at)
    }

    /// Tells the process the time.
    pub(super) fn tick(&mut self, at: usize) -> Result<(), Violation> {
        let now = self.members[at].clock.read(self.schedule.now());
        let life = self.members[at].life;
        let jitter = micros(&mut self.random, 0..500);
        self.schedule.after(self.options.tick + jitter, Event::Tick { at, life });
        let member = &mut self.members[at];
        let Some(process) = &mut member.process else { return Ok(()) };
        if now >= process.vote_blocks_end {
            member.longest_election_timeout = member.timeout;
        }
        process.shard.turn(now, []);
        self.follow_up(at)
    }

    /// Ends the current write: it is only cached, durable, failed, or lost in a crash. Then sends the messages that
    /// waited for it, and later informs the shard. To the shard, events in between seem to have happened before the
    /// write ended.
    pub(super) fn flush(&mut self, at: usize) -> Result<(), Violation> {
        if self.burn(at) {
            return Ok(());
        }
        // The next effect is the write, and the one after it is the sync.
        let breaks_off = self.members[at].fuse.is_some_and(|(left, ..)| left == 0);
        let member = &mut self.members[at];
        let Some(process) = &mut member.process else { return Ok(()) };
        let Some(flush) = process.flush.take() else { return Ok(()) };
        if breaks_off {
            member.disk.break_off();
        }
        process.written = Some(flush.run(&mut process.port.clone()));
        if self.burn(at) {
            return Ok(());
        }
        self.look_at_disk(at)?;
        self.note(&[4, at as u64], || format!("{} has flushed", id(at)));
        if self.send_all(at)? {
            return Ok(());
        }
        let awaited = self.members[at].process.as_ref().is_some_and(|process| process.shard.awaits_flush());
        let late = match () {
            () if chance(&mut self.random, 20) => 100_000,
            () if awaited => 100,
            () => LATE_US,
        };
        let delay = micros(&mut self.random, 0..late);
        let life = self.members[at].life;
        self.schedule.after(delay, Event::Flushed { at, life });
        Ok(())
    }

    /// Informs the shard of the write that has ended. If the shard did not wait for that flush, nothing may follow
    /// from it.
    pub(super) fn flushed(&mut self, at: usize) -> Result<(), Violation> {
        let now = self.members[at].clock.read(self.schedule.now());
        let Some(process) = &mut self.members[at].process else { return Ok(()) };
        let Some(written) = process.written.take() else { return Ok(()) };
        if process.shard.awaits_flush() || !written.is_durable() {
            self.done(at, Done::Written(written));
            return Ok(());
        }
        // What is due by time follows from no flush: it happens first. A group that this wakes may be due at once.
        process.shard.turn(now, []);
        if process.shard.deadline(now) <= now {
            process.shard.turn(now, []);
        }
        self.follow_up(at)?;
        let Some(process) = &mut self.members[at].process else { return Ok(()) };
        if process.shard.awaits_flush() {
            self.done(at, Done::Written(written));
            return Ok(());
        }
        let commits =
            |shard: &Shard| shard.status().groups.iter().map(|group| group.raft.commit).sum::<u64>();
        let before = commits(&process.shard);
        // Any turn may dispatch more of the entries that were committed before, and tell callers that theirs were
        // replaced.
        let behind = process.views.values().any(|view| view.dispatched < view.commit);
        process.shard.turn(now, [Input::Done(Done::Written(written))]);
        let quiet = commits(&process.shard) == before
            && process.shard.jobs().flush.is_none()
            && (behind || process.port.is_quiet() && process.shard.jobs().work.is_empty());
        if !quiet {
            return Err(Violation::Overslept { member: id(at) });
        }
        self.follow_up(at)
    }

    /// Ends the preallocation of a segment: it is ready, or the disk has no free space for it.
    pub(super) fn preallocate(&mut self, at: usize) -> Result<(), Violation> {
        if self.burn(at) {
            return Ok(());
        }
        let member = &mut self.members[at];
        let Some(process) = &mut member.process else { return Ok(()) };
        let Some(preallocation) = process.preallocation.take() else { return Ok(()) };
        if member.full {
            member.disk.inject(storage::Fault::Full);
        }
        let preallocated = preallocation.run();
        let full = member.full;
        self.note(&[5, at as u64, u64::from(full)], || format!("{} has preallocated; full: {full}", id(at)));
        self.done(at, Done::Preallocated(preallocated));
        Ok(())
    }

    fn done(&mut self, at: usize, done: Done) {
        if let Some(process) = &mut self.members[at].process {
            process.inbox.push(Input::Done(done));
        }
        self.wake(at);
    }

    /// Lets the applier do some of its work.
    pub(super) fn apply(&mut self, at: usize) -> Result<(), Violation> {
        let Some(process) = &mut self.members[at].process else { return Ok(()) };
        process.applying = false;
        let waiting = process.work.len();
        let count = if waiting > 1 { self.random.usize(1..=waiting) } else { waiting };
        let now = self.members[at].clock.read(self.schedule.now());
        let Some(process) = &mut self.members[at].process else { return Ok(()) };
        process.applier.run(process.work.drain(..count), &|| now);
        self.note(&[6, at as u64, count as u64], || format!("{} does {count} pieces of work", id(at)));
        self.follow_up(at)
    }

    /// Follows each step: checks and sends the messages, and schedules the jobs of the process.
    fn follow_up(&mut self, at: usize) -> Result<(), Violation> {
        self.look_at(at)?;
        if self.send_all(at)? {
            return Ok(());
        }
        self.take_jobs(at)?;
        self.take_answers(at)?;
        self.stop_if_failed(at);
        Ok(())
    }

    /// Checks and sends the messages of the process. Returns true if the process ended in the middle of that.
    fn send_all(&mut self, at: usize) -> Result<bool, Violation> {
        let Some(process) = &self.members[at].process else { return Ok(true) };
        let (all, refused) = process.port.take_sent();
        self.report.faults.add(Fault::Crowding, refused);
        for sent in all {
            if self.burn(at) {
                return Ok(true);
            }
            self.judge(at, &sent)?;
            self.post(at, sent)?;
        }
        Ok(false)
    }

    fn take_jobs(&mut self, at: usize) -> Result<(), Violation> {
        let Some(mut process) = self.members[at].process.take() else { return Ok(()) };
        let out = process.shard.jobs();
        let (work, flush, preallocation) =
            (std::mem::take(&mut out.work), out.flush.take(), out.preallocation.take());
        let judged = work.iter().try_for_each(|item| self.look_at_work(at, item, &mut process.views));
        process.work.extend(work);
        let life = self.members[at].life;
        if !process.work.is_empty() && !std::mem::replace(&mut process.applying, true) {
            let soon = micros(&mut self.random, 1..400);
            self.schedule.after(soon, Event::Apply { at, life });
        }
        if let Some(flush) = flush {
            process.flush = Some(flush);
            let delay = micros(&mut self.random, self.plan.flush_us.clone()) + self.members[at].slow;
            self.schedule.after(delay, Event::Flush { at, life });
        }
        if let Some(preallocation) = preallocation {
            process.preallocation = Some(preallocation);
            let delay = millis(&mut self.random, 1..20) + self.members[at].slow;
            self.schedule.after(delay, Event::Preallocate { at, life });
        }
        self.members[at].process = Some(process);
        judged
    }

    /// Stops a member whose journal failed, and starts it again later.
    fn stop_if_failed(&mut self, at: usize) {
        let process = self.members[at].process.as_ref();
        let failure = process.and_then(|process| process.shard.failure()).map(ToString::to_string);
        if let Some(failure) = failure {
            self.note(&[7, at as u64], || format!("{} stops: {failure}", id(at)));
            let back = millis(&mut self.random, self.options.episode_ms.clone());
            self.end(at, End::Killed, back);
        }
    }

    /// Counts one effect against the fuse. Returns true if the fuse was used up: the process has then ended before
    /// the effect.
    fn burn(&mut self, at: usize) -> bool {
        let Some((left, end, back)) = &mut self.members[at].fuse else { return false };
        if *left > 0 {
            *left -= 1;
            return false;
        }
        let (end, back) = (*end, *back);
        self.end(at, end, back);
        true
    }

    /// Ends a process that had too few effects to use up its fuse.
    pub(super) fn burn_out(&mut self, at: usize) {
        if let Some((_, end, back)) = self.members[at].fuse {
            self.end(at, end, back);
        }
    }

    /// Ends the process now, and schedules the start of another.
    pub(super) fn end(&mut self, at: usize, end: End, back: Duration) {
        let member = &mut self.members[at];
        member.fuse = None;
        let Some(mut process) = member.process.take() else { return };
        // A write in flight may have reached the cache.
        if let Some(flush) = process.flush.take()
            && self.random.bool()
        {
            member.disk.break_off();
            let _broken_off = flush.run(&mut process.port);
        }
        member.disk.end(end);
        member.paused_until = Duration::ZERO;
        member.held_messages = None;
        self.note(&[8, at as u64], || format!("{} ends: {end:?}", id(at)));
        for (client, _) in std::mem::take(&mut process.waiting) {
            self.lost(client);
        }
        let back = if self.healed_at.is_some() { Duration::from_millis(50) } else { back };
        self.schedule.after(back, Event::Start { at });
        self.check_links();
    }
}
