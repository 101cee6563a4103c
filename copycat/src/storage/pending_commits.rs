//! Commit indexes on their way into the journal.
//!
//! Which entries are committed is news that costs nothing to lose: the group finds it out again. So its record never
//! takes room from anything else. It goes into the padding of a batch that is written anyway; only when nothing else was
//! written for a second does it get a batch of its own.

use super::batch::Batch;
use super::batch_header::{BatchKind, add_frame};
use super::group_log::GroupLog;
use crate::codec::frame::{HEADER_LEN, Header};
use crate::codec::ids::GroupId;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Bytes of a frame that records a commit index.
pub(super) const COMMIT_LEN: usize = HEADER_LEN;

/// How long a commit index waits for a batch that is written anyway.
const PATIENCE: Duration = Duration::from_secs(1);

/// The groups whose commit index is higher than the recorded one.
#[derive(Debug, Default)]
pub(super) struct PendingCommits {
    /// Each group once. The one that has waited longest is recorded first, so each gets its turn.
    groups: VecDeque<GroupId>,
    /// Since when some have waited and none was recorded, as far as the owner has told the time.
    since: Option<Duration>,
}

impl PendingCommits {
    /// Adds a group that is not among them.
    pub(super) fn push(&mut self, group: GroupId) {
        debug_assert!(!self.groups.contains(&group), "each group once");
        self.groups.push_back(group);
    }

    /// When they will have waited long enough for a batch that is written anyway.
    pub(super) fn deadline(&mut self, now: Duration) -> Option<Duration> {
        if self.groups.is_empty() {
            return None;
        }
        Some(*self.since.get_or_insert(now) + PATIENCE)
    }

    /// Whether they have waited so long.
    pub(super) fn is_due(&mut self, now: Duration) -> bool {
        if self.groups.is_empty() {
            self.since = None;
            return false;
        }
        let since = *self.since.get_or_insert(now);
        now.saturating_sub(since) >= PATIENCE
    }

    /// Adds to a batch the frames of as many groups as `bytes` have room for. The batch is the last there is: all
    /// entries lie in it or before it.
    pub(super) fn record(
        &mut self,
        groups: &mut BTreeMap<GroupId, GroupLog>,
        batch: &mut Batch,
        bytes: usize,
    ) {
        assert_eq!(batch.kind(), BatchKind::Frames, "a checkpoint says it by itself");
        let (mut frames, mut count, mut checksum) = (Vec::new(), 0, batch.checksum());
        while frames.len() + COMMIT_LEN <= bytes
            && let Some(group) = self.groups.pop_front()
        {
            let log = groups.get_mut(&group).expect("a commit index is noted for a group with entries");
            // Dropping entries may have recorded it meanwhile.
            let Some(last) = log.record_commit() else { continue };
            let start = frames.len();
            Header::commit(group, last).encode(&[], &mut frames);
            checksum = add_frame(checksum, &frames[start..]);
            count += 1;
        }
        if count > 0 {
            assert_eq!(frames.len(), count as usize * COMMIT_LEN, "frames of one length");
            assert!(frames.len() <= bytes, "{} bytes where there is room for {bytes}", frames.len());
            batch.push_commits(frames.into(), count, checksum);
            self.since = None;
        }
    }

    /// A checkpoint records all of them.
    pub(super) fn record_all(&mut self, groups: &mut BTreeMap<GroupId, GroupLog>) {
        for group in self.groups.drain(..) {
            groups.get_mut(&group).and_then(GroupLog::record_commit);
        }
        self.since = None;
        debug_assert!(groups.values().all(|log| log.noted() == log.state().commit), "all are recorded");
    }
}
