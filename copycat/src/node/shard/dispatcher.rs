//! Dispatches committed entries to the applier, together with the callers that wait for their results.

use super::super::applier::{ApplyProgress, Work};
use super::super::machine::Machine;
use super::io::Io;
use super::proposed::Proposed;
use super::queue::QueuedRequest;
use super::reading::PendingReads;
use super::shard_journal::ShardJournal;
use super::turn_output::TurnOutput;
use crate::codec::ids::{GroupId, Index};
use crate::codec::terms::Span;
use crate::request::error::RequestError;
use crate::request::reply::{Replies, ReplyTo};
use crate::storage::StorageError;
use std::sync::Arc;
use std::time::Duration;

/// Dispatches one group's committed entries to the applier.
#[derive(Debug)]
pub(super) struct Dispatcher {
    group: GroupId,
    proposed: Proposed,
    pub progress: Arc<ApplyProgress>,
    /// The last entry that was dispatched, and the bytes of all dispatched entries.
    dispatched: Index,
    dispatched_bytes: u64,
    /// Whether a dispatch was postponed: no caller waits for it, or the applier is too far behind.
    postponed: bool,
    /// Whether it is due.
    due: bool,
}

impl Dispatcher {
    pub(super) fn new(group: GroupId) -> Dispatcher {
        let (proposed, progress) = (Proposed::default(), Arc::default());
        Dispatcher {
            group,
            proposed,
            progress,
            dispatched: 0,
            dispatched_bytes: 0,
            postponed: false,
            due: false,
        }
    }

    /// Attaches the machine, whose state reflects the entries up to `from`.
    pub(super) fn attach(&mut self, machine: Box<dyn Machine>, from: Index) -> Work {
        self.dispatched = from;
        Work::Attach { group: self.group, machine, from, progress: self.progress.clone() }
    }

    /// Detaches the machine, because no proxy exists. What was dispatched to it no longer counts.
    pub(super) fn detach(&mut self) -> Work {
        self.progress = Arc::default();
        (self.dispatched, self.dispatched_bytes) = (0, 0);
        (self.postponed, self.due) = (false, false);
        Work::Detach { group: self.group }
    }

    /// Records that nothing is dispatched any more, so no dispatch is postponed.
    pub(super) fn halt(&mut self) {
        (self.postponed, self.due) = (false, false);
    }

    /// Records that the writes were proposed as the entries of `span`, and that their callers wait for the results.
    pub(super) fn await_results(&mut self, span: Span, writes: Vec<QueuedRequest>) {
        assert_eq!(span.last - span.first + 1, writes.len() as u64, "each entry has one who waits for it");
        assert!(span.first > self.dispatched, "{} was dispatched before it was waited for", span.first);
        for (index, write) in (span.first..=span.last).zip(writes) {
            self.proposed.push(index, span.term, write.deadline, write.reply);
        }
    }

    /// Returns the number of proposed writes that wait for their entries to be dispatched.
    pub(super) fn waiting(&self) -> usize {
        self.proposed.len()
    }

    /// Returns whether a dispatch was postponed. The shard says when it is [due](Self::postponed_is_due).
    pub(super) fn has_postponed(&self) -> bool {
        self.postponed
    }

    /// Records that the dispatch that was postponed, if there is one, is due.
    pub(super) fn postponed_is_due(&mut self) {
        self.due = self.postponed;
    }

    /// Returns the deadline of the first caller.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.proposed.deadline()
    }

    /// Fails proposed writes whose deadline has passed. Their entries stay in the log.
    pub(super) fn expire(&mut self, now: Duration, replies: &mut Replies) {
        self.proposed.expire(now, replies);
    }

    /// Fails all waiting writes.
    pub(super) fn abandon(&mut self, error: RequestError, replies: &mut Replies) {
        self.proposed.abandon(error, replies);
    }

    /// Dispatches committed entries to the applier, with the callers that wait for them, then the reads that are ready.
    /// A waiting read cancels a delay of the dispatch. Each read is dispatched after every entry that it must see. An
    /// eventual read may go before entries that a bound holds back.
    pub(super) fn dispatch(
        &mut self,
        commit: Index,
        reads: &mut PendingReads,
        io: &Io,
        output: &mut TurnOutput,
    ) -> Result<(), StorageError> {
        if self.may_wait(commit, reads, io.bounds.lazy_entries) {
            self.postponed = commit > self.dispatched;
            return Ok(());
        }
        (self.postponed, self.due) = (false, false);
        while self.dispatched < commit {
            let applied_bytes = self.progress.applied_bytes();
            assert!(applied_bytes <= self.dispatched_bytes, "more bytes are applied than were dispatched");
            let unapplied_bytes = self.dispatched_bytes - applied_bytes;
            if unapplied_bytes >= io.bounds.unapplied_bytes || output.dispatch_left == 0 {
                // The applier does not report that it has caught up, so the group checks again soon.
                self.postponed = true;
                break;
            }
            let slices = io.shard_journal.journal.read(
                self.group,
                self.dispatched + 1,
                commit,
                io.bounds.piece_bytes,
            )?;
            let (last, bytes) = (slices.last, slices.len());
            assert!(last > self.dispatched && last <= commit, "the journal holds what is committed");
            let replies = self.take_waiting(last, &io.shard_journal, &mut output.replies);
            let reads = reads.take_below(last);
            self.dispatched = last;
            self.dispatched_bytes += bytes as u64;
            output.dispatch_left = output.dispatch_left.saturating_sub(bytes);
            output.jobs.work.push(Work::Apply { group: self.group, frames: slices.frames, replies, reads });
        }
        reads.take_ready(self.group, self.dispatched, &mut output.jobs.work);
        Ok(())
    }

    /// Returns whether the dispatch can be delayed: no caller waits on this member, and it is not due.
    fn may_wait(&self, commit: Index, reads: &PendingReads, lazy_entries: u64) -> bool {
        assert!(commit >= self.dispatched, "what was dispatched is committed");
        let waited_for = self.proposed.len() > 0 || !reads.is_idle();
        !waited_for && !self.due && commit - self.dispatched < lazy_entries
    }

    fn take_waiting(
        &mut self,
        last: Index,
        shard_journal: &ShardJournal,
        replies: &mut Replies,
    ) -> Vec<(Index, ReplyTo)> {
        let shape =
            shard_journal.journal.shape(self.group).expect("a group with entries is known to the journal");
        self.proposed.take_through(last, shape, replies)
    }
}
