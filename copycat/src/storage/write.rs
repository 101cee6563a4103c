//! How batches become durable: one write and one flush at a time, on a thread of the owner's choice.

use super::batch::Batch;
use super::error::{DiskError, StorageError};
use super::journal::Journal;
use super::pending_commits::COMMIT_LEN;
use super::position::Position;
use super::reserve::Purpose;
use std::sync::Arc;
use std::time::Duration;

/// Most bytes of commit indexes that are recorded at once where nothing else is: 64 KiB, for 910 groups.
const COMMITS_MAX: usize = 64 << 10;

/// A batch to be written and flushed. If it is dropped instead of run, the journal never writes again, and nothing of
/// the batch is acknowledged.
#[derive(Debug)]
#[must_use = "nothing else is written until this is"]
pub(crate) struct Write {
    batch: Arc<Batch>,
    instant: bool,
}

/// A batch whose write has ended, well or not.
#[derive(Debug)]
#[must_use = "the journal has to learn of it"]
pub(crate) struct Written {
    position: Position,
    result: Result<(), DiskError>,
}

impl Write {
    /// Whether the write takes so little time that no other thread is needed: the disk is memory.
    pub(crate) fn is_instant(&self) -> bool {
        self.instant
    }

    /// The journal is durable up to here when this batch is.
    pub(crate) fn end(&self) -> Position {
        self.batch.end_padded()
    }

    /// Writes and flushes. Blocks as long as the disk does.
    pub(crate) fn run(self) -> Written {
        let (region, offset, chunks) = self.batch.parts();
        let result = region.write(offset, chunks).and_then(|()| region.sync());
        Written { position: self.batch.position(), result }
    }
}

impl Written {
    /// Whether it ended well.
    pub(crate) fn is_durable(&self) -> bool {
        self.result.is_ok()
    }
}

impl Journal {
    /// What to write next; `None` while a write is under way or nothing waits. Commit indexes are added as far as the
    /// last block of the batch has room.
    pub(crate) fn next_write(&mut self) -> Option<Write> {
        if self.failed.is_some() {
            return None;
        }
        let groups = &mut self.groups;
        let batch = self.batches.begin_write(|batch, padding| groups.record_commits(batch, padding))?;
        assert!(batch.position() >= self.batches.durable() && batch.end() <= self.batches.end());
        Some(Write { batch, instant: self.disk.is_instant() })
    }

    /// The write under way has ended. Returns the position up to which the journal is durable now. An error ends the
    /// journal: how much reached the disk is unknown, and a second flush that succeeds proves nothing.
    pub(crate) fn written(&mut self, done: Written) -> Result<Position, StorageError> {
        self.alive()?;
        let batch = self.batches.end_write(done.position);
        if let Err(error) = done.result {
            self.failed = Some(error.clone());
            return Err(StorageError::Failed(error));
        }
        self.flushed.flushes += 1;
        self.flushed.frames += u64::from(batch.asked_for());
        self.flushed.bytes += batch.end_padded().0 - batch.position().0;
        self.batches.written(batch);
        self.release();
        assert!(self.batches.durable() <= self.active().end(), "what is durable lies in the segments");
        Ok(self.batches.durable())
    }

    /// The last write of an orderly end: a batch without entries. It records that everything before it is durable, so
    /// that damage of the last batch cannot be taken for a torn tail; and it records what is committed. `None` while
    /// anything waits or is being written, and when the segment is full to its last block.
    pub(crate) fn close(&mut self) -> Option<Write> {
        if !self.batches.is_idle() || self.failed.is_some() {
            return None;
        }
        let (end, durable) = (self.batches.next_position(), self.batches.durable());
        assert_eq!(end, durable, "where nothing waits, all is durable");
        self.make_room_here(0, Purpose::Close).then_some(())?;
        self.record_commits();
        self.next_write()
    }

    /// Lets time pass. Commit indexes that have waited for a second, because nothing was written, get a batch of
    /// their own. The batch takes none of the reserve, and there is none while the next segment is not ready.
    ///
    /// An answer of [`room_for`](Journal::room_for) that was given before holds no longer.
    pub(crate) fn tick(&mut self, now: Duration) {
        if self.failed.is_some() || !self.groups.are_commits_due(now) || self.preparer.ready().is_none() {
            return;
        }
        if self.make_room_here(COMMIT_LEN, Purpose::Entries) {
            self.record_commits();
            assert!(self.has_end_within(0, Purpose::Entries), "commit indexes take of the reserve");
        }
    }

    /// When [`tick`](Self::tick) may have something to do.
    pub(crate) fn deadline(&mut self, now: Duration) -> Option<Duration> {
        self.groups.commits_deadline(now)
    }

    /// Adds commit indexes to the open batch, as far as they take none of the reserve.
    fn record_commits(&mut self) {
        let (segment, groups) = (self.segments.active(), &mut self.groups);
        let offset_max = Purpose::Entries.offset_max(segment.header.len);
        self.batches.add(|batch| {
            let room = offset_max.saturating_sub(segment.offset(batch.end())) as usize;
            groups.record_commits(batch, room.min(COMMITS_MAX));
        });
    }

    /// Gives up the segments that hold no entry any more. The checkpoint that says so is durable: recovery has read
    /// it.
    pub(super) fn release_recovered(&mut self) {
        self.segments.release_at(self.batches.durable(), self.first_needed());
        self.release();
    }

    /// Gives the segments that no durable checkpoint needs to the preparer.
    fn release(&mut self) {
        while let Some(segment) = self.segments.next_released(self.batches.durable()) {
            self.batches.forget_before(segment.end());
            self.preparer.dropped(segment);
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn jobs_may_go_to_other_threads() {
        fn sendable<T: Send + 'static>() {}
        sendable::<super::Write>();
        sendable::<super::Written>();
        sendable::<crate::storage::Preparation>();
        sendable::<crate::storage::Prepared>();
        sendable::<crate::storage::Journal>();
    }
}
