//! Committed entries on their way to the applier, and who waits for their results.

use super::super::applier::{ApplyProgress, Work};
use super::super::machine::Machine;
use super::io::Io;
use super::log::Log;
use super::queue::QueuedRequest;
use super::reading::PendingReads;
use super::turn_output::TurnOutput;
use super::waiting::Proposed;
use crate::codec::ids::{GroupId, Index};
use crate::codec::terms::Span;
use crate::request::failure::Failure;
use crate::request::reply::{Replies, ReplyTo};
use crate::storage::StorageError;
use std::sync::Arc;
use std::time::Duration;

/// How long entries may wait where nobody here waits for their results: each hand-over wakes a thread, and on
/// followers it wakes it for nobody.
const LAZY: Duration = Duration::from_millis(5);

/// How far one group's entries were handed to the applier.
#[derive(Debug)]
pub(super) struct ApplyQueue {
    group: GroupId,
    proposed: Proposed,
    pub progress: Arc<ApplyProgress>,
    /// Last entry handed over, and the bytes of all that were.
    handed: Index,
    handed_bytes: u64,
    /// When to look again for what may be handed over, although nobody waits for it.
    due: Option<Duration>,
    /// That time has come.
    overdue: bool,
}

impl ApplyQueue {
    pub(super) fn new(group: GroupId) -> ApplyQueue {
        let (proposed, progress) = (Proposed::default(), Arc::default());
        ApplyQueue { group, proposed, progress, handed: 0, handed_bytes: 0, due: None, overdue: false }
    }

    /// The machine takes over, with the state that `from` entries have led to.
    pub(super) fn attach(&mut self, machine: Box<dyn Machine>, from: Index) -> Work {
        self.handed = from;
        Work::Attach { group: self.group, machine, from, progress: self.progress.clone() }
    }

    /// Nobody holds a proxy: whatever was handed over, it is done with.
    pub(super) fn detach(&mut self) -> Work {
        self.progress = Arc::default();
        (self.handed, self.handed_bytes) = (0, 0);
        (self.due, self.overdue) = (None, false);
        Work::Detach { group: self.group }
    }

    /// Writes were proposed as these entries; their output wait for the results.
    pub(super) fn await_results(&mut self, span: Span, writes: Vec<QueuedRequest>) {
        assert_eq!(span.last - span.first + 1, writes.len() as u64, "each entry has one who waits for it");
        assert!(span.first > self.handed, "{} was handed over before it was waited for", span.first);
        for (index, write) in (span.first..=span.last).zip(writes) {
            self.proposed.push(index, span.term, write.deadline, write.reply);
        }
    }

    /// How many output wait.
    pub(super) fn waiting(&self) -> usize {
        self.proposed.len()
    }

    /// When there is something to hand over or a caller's time is up.
    pub(super) fn deadline(&self) -> Option<Duration> {
        [self.due, self.proposed.deadline()].into_iter().flatten().min()
    }

    /// Time passes. Ends the wait of those whose time is up; their entries stand.
    pub(super) fn tick(&mut self, now: Duration, replies: &mut Replies) {
        self.proposed.expire(now, replies);
        if self.due.is_some_and(|due| due <= now) {
            (self.due, self.overdue) = (None, true);
        }
    }

    /// Ends the wait of all.
    pub(super) fn abandon(&mut self, failure: Failure, replies: &mut Replies) {
        self.proposed.abandon(failure, replies);
    }

    /// Hands over what is committed, with those who wait for it, and then the reads that waited for it. PendingReads never
    /// find the state older for it: they are handed over behind everything that is known to be committed.
    pub(super) fn hand_over(
        &mut self,
        now: Duration,
        commit: Index,
        reads: &mut PendingReads,
        io: &Io,
        output: &mut TurnOutput,
    ) -> Result<(), StorageError> {
        if self.may_wait(now, commit, reads, io.bounds.lazy_entries) {
            return Ok(());
        }
        (self.due, self.overdue) = (None, false);
        while self.handed < commit {
            let applied_bytes = self.progress.applied_bytes();
            assert!(applied_bytes <= self.handed_bytes, "more bytes are applied than were handed over");
            let ahead = self.handed_bytes - applied_bytes;
            if ahead >= io.bounds.ahead_bytes || output.handed_left == 0 {
                // The applier says nothing when it has caught up: it is looked at again soon.
                self.due = Some(now + LAZY);
                break;
            }
            let slices = io.log.journal.read(self.group, self.handed + 1, commit, io.bounds.piece_bytes)?;
            let (last, bytes) = (slices.last, slices.len());
            assert!(last > self.handed && last <= commit, "the journal holds what is committed");
            let replies = self.take_waiting(last, &io.log, &mut output.replies);
            let reads = reads.take_below(last);
            self.handed = last;
            self.handed_bytes += bytes as u64;
            output.handed_left = output.handed_left.saturating_sub(bytes);
            output.work.push(Work::Apply { group: self.group, frames: slices.frames, replies, reads });
        }
        reads.take_ready(self.group, self.handed, &mut output.work);
        Ok(())
    }

    /// Whether nobody here waits, and it is not time yet.
    fn may_wait(&mut self, now: Duration, commit: Index, reads: &PendingReads, lazy_entries: u64) -> bool {
        assert!(commit >= self.handed, "what was handed over is committed");
        let waited_for = self.proposed.len() > 0 || !reads.is_idle();
        if waited_for || self.overdue || commit - self.handed >= lazy_entries {
            return false;
        }
        if commit > self.handed && self.due.is_none() {
            self.due = Some(now + LAZY);
        }
        true
    }

    fn take_waiting(&mut self, last: Index, log: &Log, replies: &mut Replies) -> Vec<(Index, ReplyTo)> {
        let shape = log.journal.shape(self.group).expect("a group with entries is known to the journal");
        self.proposed.take_through(last, shape, replies)
    }
}
