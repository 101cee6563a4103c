//! The journal of the shard, and what its durability means to which group.

use super::bounds::Bounds;
use crate::codec::frame::Frame;
use crate::codec::ids::GroupId;
use crate::raft::token::Token;
use crate::storage::{GroupState, Journal, Position, Recovered, StorageError};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Pause between two attempts to prepare a segment on a full disk.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);

/// The log of all groups.
#[derive(Debug)]
pub(super) struct Log {
    pub journal: Journal,
    backlog_bytes_max: u64,
    /// What was found when the journal was opened, of groups that nobody has asked for yet.
    recovered: BTreeMap<GroupId, GroupState>,
    /// What the journal was asked to write, oldest first, and what its durability means to which core.
    unflushed: VecDeque<(Position, GroupId, Token)>,
    /// When to try again to prepare a segment, on a full disk.
    next_retry: Duration,
}

impl Log {
    pub(super) fn new(journal: Journal, recovered: Recovered, bounds: &Bounds) -> Log {
        Log {
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

    /// What the last entry of a group's log says the time was.
    /// `None` if the log has no entry. An entry that cannot be read is no such case: a leader without its
    /// stamp would let the cluster's time go backwards.
    pub(super) fn newest_stamp(&self, group: GroupId) -> Result<Option<u64>, StorageError> {
        let last = self.journal.shape(group).map_or(0, |log| log.last().index);
        if !self.journal.shape(group).is_some_and(|log| log.holds(last)) {
            return Ok(None);
        }
        let newest = self.journal.read(group, last, last, 0)?;
        assert_eq!(newest.last, last, "the newest entry was asked for");
        let frame = newest.frames.first().and_then(|frame| Frame::trusted(frame).ok());
        Ok(frame.map(|frame| frame.header.time))
    }

    /// Whether so many bytes of entries are taken now: there is a segment for them, and the disk is not so far behind
    /// that memory would fill up. `NotReady`: soon.
    pub(super) fn room_for(&mut self, bytes: usize) -> Result<(), StorageError> {
        if self.journal.backlog() > self.backlog_bytes_max {
            return Err(StorageError::NotReady);
        }
        self.journal.room_for(bytes)
    }

    /// Remembers that `token` of `group` is durable once everything appended so far is.
    pub(super) fn await_durable(&mut self, group: GroupId, token: Token) {
        let position = self.journal.end();
        assert!(self.unflushed.back().is_none_or(|(newest, ..)| *newest <= position), "positions only grow");
        self.unflushed.push_back((position, group, token));
    }

    /// The next write that the journal being durable up to `durable` completes.
    pub(super) fn next_durable(&mut self, durable: Position) -> Option<(GroupId, Token)> {
        let (_, group, token) = self.unflushed.pop_front_if(|(position, ..)| *position <= durable)?;
        Some((group, token))
    }

    /// What the journal being durable up to `end` means to which core.
    pub(super) fn tokens_within(&self, end: Position) -> impl Iterator<Item = (GroupId, Token)> + '_ {
        let within = self.unflushed.iter().take_while(move |(position, ..)| *position <= end);
        within.map(|(_, group, token)| (*group, *token))
    }

    /// When [`tick`](Self::tick) has something to do.
    pub(super) fn deadline(&mut self, now: Duration) -> Option<Duration> {
        let retry = self.journal.is_full().then_some(self.next_retry);
        let commits = self.journal.deadline(now);
        // One that has passed, although the journal was told the time, found no room: later, perhaps.
        let commits = commits.map(|due| if due <= now { now + RETRY_INTERVAL } else { due });
        [retry, commits].into_iter().flatten().min()
    }

    /// Lets the journal record what was committed in an idle second. Looks again, now and then, whether there is space for
    /// a segment that could not be prepared.
    pub(super) fn tick(&mut self, now: Duration) {
        self.journal.tick(now);
        if self.journal.is_full() && now >= self.next_retry {
            self.next_retry = now + RETRY_INTERVAL;
            self.journal.retry_preparation();
        }
    }
}
