//! How batches become durable: one write and one flush at a time, on a thread that the owner chooses.

use super::batch::Batch;
use super::error::{DiskError, StorageError};
use super::journal::Journal;
use super::position::Position;
use super::reserve::Purpose;
use super::unrecorded_commits::COMMIT_LEN;
use std::sync::Arc;
use std::time::Duration;

/// Most bytes of commit indexes that are recorded at once without other frames: 64 KiB, for 910 groups.
const COMMITS_MAX: usize = 64 << 10;

/// A batch to be written and flushed. If it is dropped and not run, the journal never writes again, and nothing of
/// the batch is acknowledged.
#[derive(Debug)]
#[must_use = "nothing else is written until this is"]
pub(crate) struct Write {
    batch: Arc<Batch>,
    instant: bool,
}

/// The result of a write.
#[derive(Debug)]
#[must_use = "the journal has to learn of it"]
pub(crate) struct Written {
    position: Position,
    result: Result<(), DiskError>,
}

impl Write {
    /// Returns whether the write is so short that it needs no other thread, because the disk is memory.
    pub(crate) fn is_instant(&self) -> bool {
        self.instant
    }

    /// Returns the position up to which the journal is durable once this batch is.
    pub(crate) fn end(&self) -> Position {
        self.batch.end_padded()
    }

    /// Writes and flushes the batch. Blocks as long as the disk does.
    pub(crate) fn run(self) -> Written {
        let (region, offset, chunks) = self.batch.parts();
        let result = region.write(offset, chunks).and_then(|()| region.sync());
        Written { position: self.batch.position(), result }
    }
}

impl Written {
    /// Returns whether the write succeeded.
    pub(crate) fn is_durable(&self) -> bool {
        self.result.is_ok()
    }
}

impl Journal {
    /// Returns the next write, or `None` while one is in flight or nothing waits. If no other batch waits, commit
    /// indexes are added as far as they fit the last block of the batch.
    pub(crate) fn next_write(&mut self) -> Option<Write> {
        if self.failed.is_some() {
            return None;
        }
        let groups = &mut self.groups;
        let batch = self.batches.begin_write(|batch, padding| groups.record_commits(batch, padding))?;
        assert!(batch.position() >= self.batches.durable() && batch.end() <= self.batches.end());
        Some(Write { batch, instant: self.disk.is_instant() })
    }

    /// Handles the result of the write in flight. Returns the position up to which the journal is durable now. An
    /// error ends the journal: how much reached the disk is unknown, and a second flush that succeeds proves nothing.
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

    /// Returns the last write of an orderly end: a batch without entries. It records that everything before it is
    /// durable, so that damage in the last batch is reported and not cut as a torn tail. It also records commit
    /// indexes. Returns `None` while anything waits or is in flight, after a failure, and when the segment has no
    /// free block.
    pub(crate) fn next_closing_write(&mut self) -> Option<Write> {
        if !self.batches.is_idle() || self.failed.is_some() {
            return None;
        }
        let (end, durable) = (self.batches.next_position(), self.batches.durable());
        assert_eq!(end, durable, "where nothing waits, all is durable");
        self.make_space_here(0, Purpose::Close).then_some(())?;
        self.record_commits();
        self.next_write()
    }

    /// Advances the time. If commit indexes have waited for a second and none was recorded, this adds them to the
    /// open batch or to a new one. They use none of the reserve, and wait while the next segment is not ready.
    ///
    /// An earlier `Ok` of [`space_for`](Journal::space_for) is no longer valid.
    pub(crate) fn tick(&mut self, now: Duration) {
        if self.failed.is_some() || !self.groups.are_commits_due(now) || self.preallocator.ready().is_none() {
            return;
        }
        if self.make_space_here(COMMIT_LEN, Purpose::Entries) {
            self.record_commits();
            assert!(self.has_end_within(0, Purpose::Entries), "commit indexes take of the reserve");
        }
    }

    /// Returns the time at which [`tick`](Self::tick) may have something to do.
    pub(crate) fn deadline(&mut self, now: Duration) -> Option<Duration> {
        self.groups.commits_deadline(now)
    }

    /// Adds commit indexes to the open batch, as many as fit without using the reserve.
    fn record_commits(&mut self) {
        let (segment, groups) = (self.segments.active(), &mut self.groups);
        let offset_max = Purpose::Entries.offset_max(segment.header.len);
        self.batches.add(|batch| {
            let space = offset_max.saturating_sub(segment.offset(batch.end())) as usize;
            groups.record_commits(batch, space.min(COMMITS_MAX));
        });
    }

    /// Releases the segments that hold no entry any more, once after recovery. The checkpoint that allows this was read
    /// from the disk, so it is durable.
    pub(super) fn release_recovered(&mut self) {
        self.segments.release_at(self.batches.durable(), self.first_needed());
        self.release();
    }

    /// Passes the segments that no durable checkpoint needs to the preallocator.
    fn release(&mut self) {
        while let Some(segment) = self.segments.next_released(self.batches.durable()) {
            self.batches.forget_before(segment.end());
            self.preallocator.dropped(segment);
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
        sendable::<crate::storage::Preallocation>();
        sendable::<crate::storage::Preallocated>();
        sendable::<crate::storage::Journal>();
    }
}
