//! The journal of the shard, and the writes of each group that wait to be durable.

use super::bounds::Bounds;
use crate::codec::frame::Frame;
use crate::codec::ids::GroupId;
use crate::raft::token::Token;
use crate::storage::{GroupState, Journal, Position, Recovered, StorageError};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Pause between two attempts to preallocate a segment on a full disk.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);

/// The journal of the shard, which holds the logs of all groups.
#[derive(Debug)]
pub(super) struct ShardJournal {
    pub journal: Journal,
    backlog_bytes_max: u64,
    /// The recovered state of the groups that were not loaded yet.
    recovered: BTreeMap<GroupId, GroupState>,
    /// The writes that are not durable yet, oldest first: position in the journal, group, and the group's token.
    unflushed: VecDeque<(Position, GroupId, Token)>,
    /// The time of the next attempt to preallocate a segment on a full disk.
    next_retry: Duration,
}

impl ShardJournal {
    pub(super) fn new(journal: Journal, recovered: Recovered, bounds: &Bounds) -> ShardJournal {
        ShardJournal {
            journal,
            backlog_bytes_max: bounds.backlog_bytes_max,
            recovered: recovered.groups,
            unflushed: VecDeque::new(),
            next_retry: Duration::ZERO,
        }
    }

    pub(super) fn recovered_groups(&self) -> Vec<GroupId> {
        self.recovered.keys().copied().collect()
    }

    pub(super) fn take_recovered(&mut self, group: GroupId) -> Option<GroupState> {
        self.recovered.remove(&group)
    }

    /// Returns the cluster time of the last entry of a group's log, or `None` if the log has no entry. An entry that
    /// cannot be read is an error: without its time, a leader would let the cluster time go backwards.
    pub(super) fn last_time(&self, group: GroupId) -> Result<Option<u64>, StorageError> {
        let last = self.journal.shape(group).map_or(0, |log| log.last().index);
        if !self.journal.shape(group).is_some_and(|log| log.holds(last)) {
            return Ok(None);
        }
        let newest = self.journal.read(group, last, last, 0)?;
        assert_eq!(newest.last, last, "the newest entry was asked for");
        let frame = newest.frames.first().and_then(|frame| Frame::trusted(frame).ok());
        Ok(frame.map(|frame| frame.header.time))
    }

    /// Checks whether `bytes` bytes of entries can be appended now: there is a segment for them, and no more entries
    /// wait for the disk than their bound allows. Fails with `NotReady` if they can be appended soon.
    pub(super) fn space_for(&mut self, bytes: usize) -> Result<(), StorageError> {
        if self.journal.backlog() > self.backlog_bytes_max {
            return Err(StorageError::NotReady);
        }
        self.journal.space_for(bytes)
    }

    /// Records that `token` of `group` is durable once everything appended so far is durable.
    pub(super) fn await_durable(&mut self, group: GroupId, token: Token) {
        let position = self.journal.end();
        assert!(self.unflushed.back().is_none_or(|(newest, ..)| *newest <= position), "positions only grow");
        self.unflushed.push_back((position, group, token));
    }

    /// Pops the next write that is durable at position `durable`.
    pub(super) fn next_durable(&mut self, durable: Position) -> Option<(GroupId, Token)> {
        let (_, group, token) = self.unflushed.pop_front_if(|(position, ..)| *position <= durable)?;
        Some((group, token))
    }

    /// Returns the tokens of all groups that are durable once the journal is durable up to `end`.
    pub(super) fn tokens_within(&self, end: Position) -> impl Iterator<Item = (GroupId, Token)> + '_ {
        let within = self.unflushed.iter().take_while(move |(position, ..)| *position <= end);
        within.map(|(_, group, token)| (*group, *token))
    }

    /// Returns the time at which [`tick`](Self::tick) has work.
    pub(super) fn deadline(&mut self, now: Duration) -> Option<Duration> {
        let retry = self.journal.is_full().then_some(self.next_retry);
        let commits = self.journal.deadline(now);
        // If the time is in the past even after a tick, the commit indexes found no free space. There may be some
        // later.
        let commits = commits.map(|due| if due <= now { now + RETRY_INTERVAL } else { due });
        [retry, commits].into_iter().flatten().min()
    }

    /// Lets the journal record commit indexes after an idle second. Periodically retries the preallocation of a segment
    /// that found no free space.
    pub(super) fn tick(&mut self, now: Duration) {
        self.journal.tick(now);
        if self.journal.is_full() && now >= self.next_retry {
            self.next_retry = now + RETRY_INTERVAL;
            self.journal.retry_preallocation();
        }
    }
}
