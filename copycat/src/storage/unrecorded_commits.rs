//! Commit indexes that are not recorded in the journal yet.
//!
//! Losing a commit index is harmless: the group learns it again. So its record takes no space from other frames. It
//! goes into the padding of a batch that is written anyway. Only if none was recorded for a second does it get a
//! block of its own.

use super::batch::Batch;
use super::batch_header::{BatchKind, add_frame};
use super::group_log::GroupLog;
use crate::codec::frame::{HEADER_LEN, Header};
use crate::codec::group_map::GroupMap;
use crate::codec::ids::GroupId;
use std::collections::VecDeque;
use std::time::Duration;

/// Bytes of a frame that records a commit index.
pub(super) const COMMIT_LEN: usize = HEADER_LEN;

/// The time that a commit index waits for a batch that is written anyway.
const PATIENCE: Duration = Duration::from_secs(1);

/// The groups whose commit index is higher than the recorded one.
#[derive(Debug, Default)]
pub(super) struct UnrecordedCommits {
    /// Each group once. The group that has waited longest is recorded first, so that none is passed over.
    groups: VecDeque<GroupId>,
    /// The time since which some group has waited and none was recorded, as far as the owner has reported the time.
    since: Option<Duration>,
}

impl UnrecordedCommits {
    /// Adds a group that does not wait yet.
    pub(super) fn push(&mut self, group: GroupId) {
        debug_assert!(!self.groups.contains(&group), "each group once");
        self.groups.push_back(group);
    }

    /// Returns the time at which the commit indexes have waited for `PATIENCE`.
    pub(super) fn deadline(&mut self, now: Duration) -> Option<Duration> {
        if self.groups.is_empty() {
            return None;
        }
        Some(*self.since.get_or_insert(now) + PATIENCE)
    }

    /// Returns whether the commit indexes have waited for `PATIENCE`.
    pub(super) fn is_due(&mut self, now: Duration) -> bool {
        if self.groups.is_empty() {
            self.since = None;
            return false;
        }
        let since = *self.since.get_or_insert(now);
        now.saturating_sub(since) >= PATIENCE
    }

    /// Adds to a batch the frames of as many groups as fit `bytes`. The batch must be the last one, so that all
    /// entries lie in it or before it.
    pub(super) fn record(&mut self, groups: &mut GroupMap<GroupLog>, batch: &mut Batch, bytes: usize) {
        assert_eq!(batch.kind(), BatchKind::Frames, "a checkpoint says it by itself");
        let fitting = self.groups.len().min(bytes / COMMIT_LEN);
        let (mut frames, mut count, mut checksum) =
            (Vec::with_capacity(fitting * COMMIT_LEN), 0, batch.checksum());
        while frames.len() + COMMIT_LEN <= bytes
            && let Some(group) = self.groups.pop_front()
        {
            let log = groups.get_mut(&group).expect("a commit index is noted for a group with entries");
            // Dropping entries may have recorded it in the meantime.
            let Some(last) = log.record_commit() else { continue };
            let start = frames.len();
            Header::commit(group, last).encode(&[], &mut frames);
            checksum = add_frame(checksum, &frames[start..]);
            count += 1;
        }
        if count > 0 {
            assert_eq!(frames.len(), count as usize * COMMIT_LEN, "frames of one length");
            assert!(frames.len() <= bytes, "{} bytes where there is space for {bytes}", frames.len());
            batch.push_commits(frames.into(), count, checksum);
            self.since = None;
        }
    }

    /// Marks the commit indexes of all groups as recorded, because a checkpoint contains them.
    pub(super) fn record_all(&mut self, groups: &mut GroupMap<GroupLog>) {
        for group in self.groups.drain(..) {
            groups.get_mut(&group).and_then(GroupLog::record_commit);
        }
        self.since = None;
        debug_assert!(
            groups.values().all(|log| log.known_commit() == log.state().commit),
            "all are recorded"
        );
    }
}
