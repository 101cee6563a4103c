//! The state that a journal keeps of all its groups.

use super::batch::Batch;
use super::checkpoint;
use super::error::StorageError;
use super::group_log::{GroupLog, GroupState};
use super::position::Position;
use super::unrecorded_commits::UnrecordedCommits;
use crate::codec::cursor::Malformed;
use crate::codec::entries::Entries;
use crate::codec::group_map::GroupMap;
use crate::codec::ids::{GroupId, Index, MemberId, Term};
use crate::codec::log_shape::LogShape;
use crate::codec::terms::LogId;
use std::collections::BTreeMap;
use std::time::Duration;

/// Most bytes of frames in one append: 64 MiB.
pub(crate) const APPEND_MAX: usize = 64 << 20;

/// The groups of a journal: their states, the locations of their entries, and the commit indexes that wait to be
/// recorded.
#[derive(Debug, Default)]
pub(super) struct Groups {
    logs: GroupMap<GroupLog>,
    unrecorded: UnrecordedCommits,
}

impl Groups {
    /// Returns the groups that recovery found.
    pub(super) fn recovered(logs: BTreeMap<GroupId, GroupLog>) -> Groups {
        debug_assert!(
            logs.values().all(|log| log.known_commit() == log.state().commit),
            "what was found is recorded"
        );
        let logs = logs.into_iter().collect();
        Groups { logs, unrecorded: UnrecordedCommits::default() }
    }

    /// Returns the state of each group.
    pub(super) fn states(&self) -> BTreeMap<GroupId, GroupState> {
        self.logs.iter().map(|(group, log)| (*group, log.state().clone())).collect()
    }

    /// Returns a group, or `None` if it never stored anything.
    pub(super) fn get(&self, group: GroupId) -> Option<&GroupLog> {
        self.logs.get(&group)
    }

    /// Checks that these entries, at least one, continue the log of a group or replace a part that is not committed.
    pub(super) fn check(&self, group: GroupId, entries: &Entries) -> Result<(), StorageError> {
        let malformed = |source| Err(StorageError::Malformed { group, source });
        if entries.len() > APPEND_MAX {
            return malformed(Malformed::TooLong { limit: APPEND_MAX, found: entries.len() });
        }
        let first = entries.spans().iter().next().expect("at least one entry");
        let unknown = GroupLog::default();
        let log = self.logs.get(&group).unwrap_or(&unknown);
        check_first(group, log, LogId::new(first.term, first.first))?;
        // A term is recorded before the first entry of this term is. Recovery relies on it.
        let last_term = entries.spans().last().map_or(0, |last| last.term);
        if last_term > log.state().term {
            return malformed(Malformed::Value { field: "frame term", found: last_term });
        }
        assert!(
            log.state().accepts(first.first),
            "{} was checked, and the log does not take it",
            first.first
        );
        Ok(())
    }

    /// Appends entries that were [checked](Self::check) and lie at `position` and after it. Returns the position
    /// after them.
    pub(super) fn append(&mut self, group: GroupId, entries: &Entries, position: Position) -> Position {
        let end = self.logs.entry(group).or_default().append(entries, position);
        assert_eq!(end, position.plus(entries.len()), "the locations are those of the frames");
        end
    }

    /// Sets a group's term and vote.
    pub(super) fn set_vote(&mut self, group: GroupId, term: Term, vote: Option<MemberId>) {
        self.logs.entry(group).or_default().state_mut().set_vote(term, vote);
    }

    /// Drops entries that a snapshot covers. Returns whether the group is known.
    pub(super) fn drop_through(&mut self, group: GroupId, through: Index) -> bool {
        self.logs.get_mut(&group).map(|log| log.drop_through(through)).is_some()
    }

    /// Returns the position of the oldest entry of all groups.
    pub(super) fn oldest(&self) -> Option<Position> {
        self.logs.values().filter_map(GroupLog::oldest).min()
    }

    /// Notes that entries of a group are committed, to be recorded with the next batch that has space for it.
    pub(super) fn note_commit(&mut self, group: GroupId, index: Index) {
        let log = self.logs.get_mut(&group).expect("what is committed was stored before");
        if log.note_commit(index) {
            self.unrecorded.push(group);
        }
    }

    /// Returns the time at which commit indexes have waited long enough for a batch that is written anyway.
    pub(super) fn commits_deadline(&mut self, now: Duration) -> Option<Duration> {
        self.unrecorded.deadline(now)
    }

    /// Returns whether commit indexes have waited long enough for a batch that is written anyway.
    pub(super) fn are_commits_due(&mut self, now: Duration) -> bool {
        self.unrecorded.is_due(now)
    }

    /// Adds to a batch, which must be the last one, as many commit indexes as fit `bytes`.
    pub(super) fn record_commits(&mut self, batch: &mut Batch, bytes: usize) {
        let end = batch.end();
        self.unrecorded.record(&mut self.logs, batch, bytes);
        assert!(batch.end() <= end.plus(bytes), "commit indexes keep to the space they were given");
    }

    /// Returns the checkpoint of all groups.
    pub(super) fn checkpoint(&self) -> Vec<u8> {
        checkpoint::encode(&self.logs.iter().map(|(group, log)| (*group, log)).collect())
    }

    /// Returns the length of the checkpoint, in bytes.
    pub(super) fn checkpoint_len(&self) -> u64 {
        checkpoint::len(self.logs.values())
    }

    /// Marks all commit indexes as recorded: the checkpoint made last is appended and contains them.
    pub(super) fn checkpoint_recorded(&mut self) {
        self.unrecorded.record_all(&mut self.logs);
    }
}

fn check_first(group: GroupId, log: &GroupLog, id: LogId) -> Result<(), StorageError> {
    let (shape, index): (&LogShape, _) = (&log.state().log, id.index);
    let before: Option<Term> = index.checked_sub(1).and_then(|before| shape.term(before));
    // Committed entries are not replaced, nor are entries that a snapshot covers.
    if index <= log.known_commit() || before.is_none_or(|before| before > id.term || id.term == 0) {
        let (first, last) = (log.known_commit() + 1, shape.last().index);
        return Err(StorageError::Misplaced { group, index, first, last });
    }
    Ok(())
}
