//! The conditions that must hold again after the healing, and the time limit for them.

use super::clients::{Client, ClientTask};
use super::cluster::Cluster;
use super::event::Event;
use super::member::id;
use super::violation::Violation;
use crate::codec::ids::GroupId;
use std::time::Duration;

/// Interval between two checks.
const LOOK: Duration = Duration::from_millis(10);

impl Cluster<'_> {
    /// Sends out the clients whose tasks must succeed, for every member and group.
    pub(super) fn begin_settling(&mut self) {
        for through in (0..self.plan.members).filter(|at| self.impaired != Some(*at)).collect::<Vec<_>>() {
            self.send_out(through, |through, group| ClientTask::Write { through, group });
        }
        self.schedule.after(LOOK, Event::Settle);
    }

    fn send_out(&mut self, through: usize, task: fn(usize, GroupId) -> ClientTask) {
        for group in (1..=self.plan.groups).map(GroupId) {
            self.clients.push(Client::new(task(through, group)));
            self.schedule.after(Duration::ZERO, Event::Ask { client: self.clients.len() - 1 });
        }
    }

    /// Checks whether the cluster works again. Returns true when nothing is left to check.
    pub(super) fn settle(&mut self) -> Result<bool, Violation> {
        let since = self.healed_at.unwrap_or_default();
        let waited = self.schedule.now() - since;
        let Some(missing) = self.missing() else {
            self.report.settled_max = self.report.settled_max.max(waited);
            if self.resting {
                return Ok(true);
            }
            if self.comparing {
                (self.resting, self.healed_at) = (true, Some(self.schedule.now()));
            } else if let Some(at) = self.impaired {
                self.mend(at);
                self.send_out(at, |through, group| ClientTask::Write { through, group });
            } else {
                self.comparing = true;
                for through in 0..self.plan.members {
                    self.send_out(through, |through, group| ClientTask::Compare { through, group });
                }
            }
            self.schedule.after(LOOK, Event::Settle);
            return Ok(false);
        };
        if waited > self.options.settle_max {
            return Err(Violation::NotSettled { waited, missing });
        }
        self.schedule.after(LOOK, Event::Settle);
        Ok(false)
    }

    /// Returns the first condition that does not hold yet.
    fn missing(&self) -> Option<String> {
        for client in &self.clients {
            match client.task {
                ClientTask::Write { through, group } => {
                    return Some(format!("no write through {} to group {}", id(through), group.0));
                }
                ClientTask::Read { through, group } => {
                    return Some(format!("no strict read through {} of group {}", id(through), group.0));
                }
                ClientTask::Compare { through, group } => {
                    return Some(format!("{} does not show the state of group {}", id(through), group.0));
                }
                ClientTask::Wander
                | ClientTask::Line { .. }
                | ClientTask::Probe { .. }
                | ClientTask::Done => {}
            }
            if let Some(asked) = client.asked {
                return Some(format!("operation {} is not answered", asked.number));
            }
        }
        (0..self.members.len()).filter(|at| self.impaired != Some(*at)).find_map(|at| self.missing_at(at))
    }

    /// Checks that all logs are equal, committed and applied, and finally that all groups are quiet. The applied states
    /// have been compared before.
    fn missing_at(&self, at: usize) -> Option<String> {
        let Some(process) = &self.members[at].process else { return Some(format!("{} is down", id(at))) };
        for status in process.shard.status().groups {
            let committed = self.ledgers.get(&status.group)?.commits();
            let (last, commit, applied) = (status.raft.last.index, status.raft.commit, status.applied);
            if last != committed || commit != committed || applied != committed {
                return Some(format!(
                    "{} has group {} up to {last}, committed {commit}, applied {applied} of {committed}",
                    id(at),
                    status.group.0
                ));
            }
            if self.resting && !status.raft.quiet {
                return Some(format!("group {} is not quiet on {}", status.group.0, id(at)));
            }
        }
        None
    }
}
