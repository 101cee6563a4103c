//! The world of one run: members, network, clients, and the loop that dispatches events to them.

use super::chance::{micros, millis};
use super::clients::{Client, ClientTask};
use super::clock::Clock;
use super::event::Event;
use super::ledger::Ledger;
use super::lines::{Line, WIDTH};
use super::member::{Member, id};
use super::network::Network;
use super::options::Options;
use super::plan::Plan;
use super::report::Report;
use super::schedule::Schedule;
use super::trace::Trace;
use super::violation::Violation;
use crate::codec::ids::GroupId;
use fastrand::Rng;
use std::collections::BTreeMap;
use std::time::Duration;

/// The whole state of one run.
#[derive(Debug)]
pub(super) struct Cluster<'a> {
    pub options: &'a Options,
    pub plan: Plan,
    pub random: Rng,
    pub schedule: Schedule<Event>,
    pub members: Vec<Member>,
    pub network: Network,
    pub ledgers: BTreeMap<GroupId, Ledger>,
    pub clients: Vec<Client>,
    pub lines: Vec<Line>,
    pub lines_begun: u64,
    pub operations: u64,
    pub healed_at: Option<Duration>,
    /// After the healing: a member that is still impaired. The others must work without it.
    pub impaired: Option<usize>,
    /// Until this time, only clients of a fault may write.
    pub quiet_until: Duration,
    /// Until this time, no client sends anything during the faults.
    pub lull_until: Duration,
    /// The final comparison of states has begun.
    pub comparing: bool,
    /// After that: nobody sends anything any more, and all groups become quiet.
    pub resting: bool,
    pub report: Report,
    pub trace: &'a mut Trace,
}

impl<'a> Cluster<'a> {
    /// Creates the world that the seed draws. No member is started yet.
    pub(super) fn new(seed: u64, options: &'a Options, trace: &'a mut Trace) -> Cluster<'a> {
        let mut random = Rng::with_seed(seed);
        let plan = Plan::draw(options, &mut random);
        let mut clients = vec![Client::new(ClientTask::Wander); plan.clients];
        clients.extend((0..plan.lines * WIDTH).map(|at| Client::new(ClientTask::Line { line: at / WIDTH })));
        let members = (0..plan.members)
            .map(|at| {
                let clock = Clock::new(millis(&mut random, 0..1_000_000));
                Member::new(id(at), clock, plan.timeout)
            })
            .collect();
        Cluster {
            options,
            random,
            schedule: Schedule::new(),
            members,
            network: Network::new(&plan),
            ledgers: (1..=plan.groups).map(|group| (GroupId(group), Ledger::new(GroupId(group)))).collect(),
            clients,
            lines: vec![Line::idle(); plan.lines],
            lines_begun: 0,
            operations: 0,
            healed_at: None,
            impaired: None,
            quiet_until: Duration::ZERO,
            lull_until: Duration::ZERO,
            comparing: false,
            resting: false,
            report: Report { seeds: 1, ..Report::default() },
            trace,
            plan,
        }
    }

    /// Dispatches events until the cluster has settled.
    pub(super) fn run(mut self) -> Result<Report, Violation> {
        self.begin();
        loop {
            let event = self.schedule.next().expect("somebody always waits for something");
            self.report.events += 1;
            if matches!(event, Event::Settle) {
                if self.settle()? {
                    break;
                }
            } else {
                self.happen(event)?;
            }
        }
        self.read_all_disks()?;
        Ok(self.finish())
    }

    fn begin(&mut self) {
        let plan = format!("{:?}", self.plan);
        self.note(&[1], || plan);
        for at in 0..self.members.len() {
            let soon = millis(&mut self.random, 0..50);
            self.schedule.after(soon, Event::Start { at });
        }
        for client in 0..self.clients.len() {
            let soon = millis(&mut self.random, 1..200);
            self.schedule.after(soon, Event::Ask { client });
        }
        let first = millis(&mut self.random, self.options.calm_ms.clone());
        self.schedule.after(first, Event::Strike);
        self.schedule.after(self.plan.faulty, Event::Heal);
    }

    fn happen(&mut self, event: Event) -> Result<(), Violation> {
        if let Some((at, life)) = event.process() {
            return self.happen_to(at, life, event);
        }
        match event {
            Event::Start { at } => return self.start(at),
            Event::Arrive(message) => return self.arrive(&message),
            Event::Link { from, to } => self.link(from, to),
            Event::Ask { client } => self.ask(client),
            Event::Heal => self.heal(),
            // Faults that were scheduled for a later time are skipped after the healing.
            _ if self.healed_at.is_some() => {}
            Event::Strike => return self.strike(),
            Event::Flap { side, cut } => self.flap(&side, cut),
            Event::Rejoin => self.rejoin(),
            Event::Fuse { at } => self.burn_out(at),
            Event::Recover { at } => self.recover_disk(at),
            Event::Silence { at, stands, until } => self.silence(at, stands, until),
            Event::Release { at } => self.release(at),
            Event::Isolate { leader, follower } => self.isolate(leader, follower),
            Event::Usurp { leader, follower, restarts } => self.usurp(leader, follower, restarts),
            Event::Restart { at } => self.restart(at),
            other => unreachable!("{other:?} happens elsewhere"),
        }
        Ok(())
    }

    /// Dispatches an event of a process. Drops it if that process has ended, and postpones it while the process is
    /// paused.
    fn happen_to(&mut self, at: usize, life: u64, event: Event) -> Result<(), Violation> {
        let member = &self.members[at];
        if member.process.is_none() || member.life != life {
            return Ok(());
        }
        if member.paused_until > self.schedule.now() {
            // A loop that continues takes the inputs that have arrived before it looks at its timers.
            let late = if matches!(event, Event::Turn { .. }) { 100 } else { 2_000 };
            let jitter = micros(&mut self.random, 0..late);
            self.schedule.at(self.members[at].paused_until + jitter, event);
            return Ok(());
        }
        match event {
            Event::Turn { .. } => self.turn(at),
            Event::Tick { .. } => self.tick(at),
            Event::Flush { .. } => self.flush(at),
            Event::Flushed { .. } => self.flushed(at),
            Event::Preallocate { .. } => self.preallocate(at),
            Event::Apply { .. } => self.apply(at),
            Event::Attach { group, .. } => {
                if let Some(process) = &mut self.members[at].process {
                    process.attach(group);
                }
                self.wake(at);
                Ok(())
            }
            other => unreachable!("{other:?} happens to no process"),
        }
    }

    fn finish(mut self) -> Report {
        self.report.simulated = self.schedule.now();
        for ledger in self.ledgers.values() {
            self.report.commits += ledger.commits();
            self.report.leaders += ledger.leaders();
            self.report.changes += ledger.leaders().saturating_sub(1);
        }
        self.report.segments = self.members.iter().map(|member| member.disk.segments()).sum();
        self.report.trace = self.trace.hash();
        self.report
    }

    /// Records an event in the trace.
    pub(super) fn note(&mut self, what: &[u64], line: impl FnOnce() -> String) {
        self.trace.note(self.schedule.now(), what, line);
    }
}
