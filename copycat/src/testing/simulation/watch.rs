//! Checks after every event: the role, log and commit index of each group on the member of the event.

use super::cluster::Cluster;
use super::faults::Fault;
use super::image::Entry;
use super::ledger::{Durable, Ledger};
use super::member::{Member, Process, View};
use super::violation::Violation;
use crate::codec::frame::Frame;
use crate::codec::ids::{GroupId, Index, MemberId};
use crate::node::applier::Work;
use crate::node::shard::GroupStatus;
use crate::raft::effect::Role;
use crate::storage::Journal;
use std::collections::BTreeMap;

impl Cluster<'_> {
    /// Checks the member after an event.
    pub(super) fn look_at(&mut self, at: usize) -> Result<(), Violation> {
        let Some(mut process) = self.members[at].process.take() else { return Ok(()) };
        let outcome = self.look_at_process(at, &mut process);
        self.members[at].process = Some(process);
        outcome
    }

    fn look_at_process(&mut self, at: usize, process: &mut Process) -> Result<(), Violation> {
        let member = self.members[at].id;
        if process.shard.failure().is_some() {
            return Ok(());
        }
        let statuses = process.shard.status().groups;
        let journal = process.shard.journal_mut();
        let changed = journal.end() != process.looked;
        process.looked = journal.end();
        for status in statuses {
            let group = status.group;
            let Some(ledger) = self.ledgers.get_mut(&group) else { continue };
            if status.lost_entries_found > 0 && !self.report.faults.has(Fault::Rot) {
                return Err(Violation::Accused { group, member });
            }
            let view = process.views.entry(group).or_insert_with(|| View::NOTHING);
            let looking = Looking { member, group, journal };
            let led = view.role == Role::Leader
                && status.raft.role == Role::Leader
                && view.term == status.raft.term;
            if changed {
                looking.log(view, led, ledger)?;
            }
            let quiet = status.raft.quiet && status.raft.role == Role::Leader;
            self.report.quiets += u64::from(quiet && !view.quiet);
            (view.role, view.term, view.quiet) = (status.raft.role, status.raft.term, quiet);
            if view.role == Role::Leader && !led {
                ledger.leads(member, view.term, &view.log)?;
            }
            looking.commits(view, led, &status, ledger, &self.members)?;
        }
        Ok(())
    }

    /// Checks the entries that are dispatched to the applier.
    pub(super) fn look_at_work(
        &self,
        at: usize,
        work: &Work,
        views: &mut BTreeMap<GroupId, View>,
    ) -> Result<(), Violation> {
        let Work::Apply { group, frames, .. } = work else { return Ok(()) };
        let member = self.members[at].id;
        let (Some(ledger), Some(view)) = (self.ledgers.get(group), views.get_mut(group)) else {
            return Ok(());
        };
        for chunk in frames {
            for frame in Frame::all_trusted(chunk) {
                let frame = frame.map_err(Violation::Unreadable)?;
                let (group, index) = (*group, frame.header.index);
                if index != view.dispatched + 1 || index > view.commit {
                    return Err(Violation::AppliedOther { group, member, index });
                }
                view.dispatched = index;
                ledger.applies(member, &frame)?;
            }
        }
        Ok(())
    }

    /// Checks the entries that a flush replaced on the disk.
    pub(super) fn look_at_disk(&mut self, at: usize) -> Result<(), Violation> {
        let member = &self.members[at];
        for replaced in member.disk.take_replaced()? {
            if let Some(ledger) = self.ledgers.get(&replaced.group) {
                ledger.replaces(member.id, &replaced)?;
            }
        }
        Ok(())
    }
}

impl View {
    const NOTHING: View =
        View { role: Role::Follower, term: 0, quiet: false, commit: 0, log: Vec::new(), dispatched: 0 };
}

/// A check of one group on one member.
struct Looking<'a> {
    member: MemberId,
    group: GroupId,
    journal: &'a Journal,
}

impl Looking<'_> {
    /// Takes the new part of the log, beginning with the first entry whose term differs.
    fn log(&self, view: &mut View, led: bool, ledger: &mut Ledger) -> Result<(), Violation> {
        let Some(log) = self.journal.shape(self.group) else { return Ok(()) };
        let last = log.last().index;
        let mut kept = last.min(view.log.len() as u64);
        while kept > 0 && log.term(kept) != Some(view.log[kept as usize - 1].term) {
            kept -= 1;
        }
        if led && kept < view.log.len() as u64 {
            return Err(Violation::LeaderCut { group: self.group, leader: self.member, index: kept + 1 });
        }
        view.log.truncate(kept as usize);
        self.each(kept + 1, last, |frame| {
            ledger.holds(self.member, frame, view.log.last())?;
            view.log.push(Entry::of(frame));
            Ok(())
        })
    }

    fn commits(
        &self,
        view: &mut View,
        led: bool,
        status: &GroupStatus,
        ledger: &mut Ledger,
        members: &[Member],
    ) -> Result<(), Violation> {
        let (from, to) = (view.commit, status.raft.commit);
        let (group, member) = (self.group, self.member);
        if to < from {
            return Err(Violation::CommitFell { group, member, from, to });
        }
        view.commit = to;
        // Only a leader's own entries commit by counting, and all earlier ones with them. So the last entry names the
        // term of the leader, even if the member has changed its role since, in the same turn.
        let term = self.journal.shape(group).and_then(|log| log.term(to)).unwrap_or(0);
        if led && to > from && to > ledger.commits() && term != view.term {
            return Err(Violation::EarlierTerm { group, leader: member, index: to });
        }
        self.each(from + 1, to, |frame| {
            let index = frame.header.index;
            ledger.commits_entry(member, term, frame, |entry| {
                // A copy counts only if it was acknowledged to the leader of that term or a later one.
                let holds = |member: &&Member| {
                    member.disk.with_image(|image| {
                        let image = image.group(group);
                        image.term >= term && image.entry(index) == Some(entry)
                    })
                };
                Durable { holders: members.iter().filter(holds).count(), members: members.len() }
            })
        })
    }

    /// Calls `with` for each entry of the log from `first` to `last`.
    fn each(
        &self,
        first: Index,
        last: Index,
        mut with: impl FnMut(&Frame<'_>) -> Result<(), Violation>,
    ) -> Result<(), Violation> {
        if first > last {
            return Ok(());
        }
        let chunks = self.journal.read(self.group, first, last, usize::MAX);
        let chunks = chunks.map_err(|error| Violation::NotOpened { member: self.member, error })?;
        for chunk in chunks.frames {
            for frame in Frame::all_trusted(&chunk) {
                with(&frame.map_err(Violation::Unreadable)?)?;
            }
        }
        Ok(())
    }
}
