//! Starts processes on the contents of their members' disks.

use super::chance::{chance, millis};
use super::cluster::Cluster;
use super::disk::End;
use super::event::Event;
use super::member::{Start, id};
use super::violation::Violation;
use crate::codec::configuration::Configuration;
use crate::codec::ids::GroupId;
use crate::node::shard::{self, Bounds};
use crate::raft;
use crate::storage::Owner;

impl Cluster<'_> {
    /// Starts a process, unless one runs.
    pub(super) fn start(&mut self, at: usize) -> Result<(), Violation> {
        if self.members[at].process.is_some() {
            return Ok(());
        }
        self.report.restarts += u64::from(self.members[at].life > 0);
        self.open(at)?;
        let life = self.members[at].life;
        let timeout = self.members[at].timeout;
        self.note(&[2, at as u64, life], || {
            format!("{} is started, life {life}, election timeout {timeout:?}", id(at))
        });
        for group in (1..=self.plan.groups).map(GroupId) {
            let late = if chance(&mut self.random, 100) { 400 } else { 5 };
            let delay = millis(&mut self.random, 0..late);
            self.schedule.after(delay, Event::Attach { at, life, group });
        }
        let delay = millis(&mut self.random, 0..5);
        self.schedule.after(delay, Event::Tick { at, life });
        self.check_links();
        Ok(())
    }

    fn open(&mut self, at: usize) -> Result<(), Violation> {
        let member = &mut self.members[at];
        member.timeout = member.configured;
        // Recorded before the process can answer a leader.
        member.longest_election_timeout = member.longest_election_timeout.max(member.timeout);
        let shard = shard::ShardOptions {
            me: id(at),
            raft: raft::options::RaftOptions {
                election_timeout: member.timeout,
                heartbeat_interval: member.timeout / self.options.heartbeats,
                quiet_after: self.plan.quiet_after,
                inflight_max: self.plan.inflight_max,
                entries_max: self.plan.entries_max,
                seed: self.random.u64(..),
            },
            longest_election_timeout: member.longest_election_timeout,
            request_timeout: self.options.request_timeout,
            bounds: self.plan.small.map_or(Bounds::DEFAULT, |small| small.bounds),
        };
        let owner = Owner { disk_id: 1, member: id(at), shard: 0 };
        let crowding = if self.healed_at.is_none() { self.plan.crowding } else { 0 };
        let start = Start {
            shard,
            kept: self.plan.storage(self.options, owner),
            voters: Configuration::of_voters((0..self.members.len()).map(id)),
            crowding,
            // Between two starts the program may be replaced by the newer one, and back.
            old: self.plan.old == Some(at) && (self.healed_at.is_some() || self.random.bool()),
        };
        self.members[at].start(self.schedule.now(), start)
    }

    /// Cuts the power of all members, and reads back everything that was ever flushed.
    pub(super) fn read_all_disks(&mut self) -> Result<(), Violation> {
        for at in 0..self.members.len() {
            let end = End::PowerCut(self.random.u64(..));
            self.members[at].process = None;
            self.members[at].disk.end(end);
            self.open(at)?;
        }
        Ok(())
    }
}
