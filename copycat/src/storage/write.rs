//! How batches become durable: one write and one flush at a time, on a thread of the owner's choice.

use super::batch::BatchKind;
use super::commits::COMMIT_LEN;
use super::error::{DiskError, StorageError};
use super::journal::{Journal, Purpose};
use super::pending::Batch;
use super::position::Position;
use super::segment::Segment;
use std::sync::Arc;
use std::time::Duration;

/// Most bytes of commit indexes that are recorded at once where nothing else is: 64 KiB, for 910 groups.
const COMMITS_MAX: usize = 64 << 10;

/// A batch to be written and flushed. Dropped without being run, it leaves the journal waiting for it
/// for ever; nothing of it is acknowledged then.
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
    /// Whether it takes no time worth a thread: the disk is memory.
    pub(crate) fn is_instant(&self) -> bool {
        self.instant
    }

    /// What is durable when this is.
    pub(crate) fn end(&self) -> Position {
        self.batch.end_padded()
    }

    /// Writes and flushes: blocks as long as the disk does.
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
    /// What to write next; `None` while a write is under way or nothing waits.
    pub(crate) fn next_write(&mut self) -> Option<Write> {
        if self.in_flight.is_some() || self.failed.is_some() {
            return None;
        }
        let mut batch = self.waiting.pop_front()?;
        // Only what is last in the journal may say what is committed: the entries must lie before that.
        if self.waiting.is_empty() && batch.kind() == BatchKind::Frames {
            let (end, padding) = (batch.end_padded(), batch.padding());
            self.unrecorded.record(&mut self.groups, &mut batch, padding);
            assert_eq!(batch.end_padded(), end, "commit indexes take no block of their own");
            self.end = batch.end();
        }
        self.previous = batch.seal(self.durable, self.previous);
        let batch = Arc::new(batch);
        self.in_flight = Some(batch.clone());
        Some(Write { batch, instant: self.disk.is_instant() })
    }

    /// Takes note of the end of the write under way; returns what is durable now. An error ends the
    /// journal: what reached the disk is unknown, and asking again proves nothing.
    pub(crate) fn written(&mut self, done: Written) -> Result<Position, StorageError> {
        self.alive()?;
        let batch = match self.in_flight.take() {
            Some(batch) if batch.position() == done.position => batch,
            other => unreachable!("the write under way is {other:?}, not {}", done.position),
        };
        if let Err(error) = done.result {
            self.failed = Some(error.clone());
            return Err(StorageError::Failed(error));
        }
        assert!(self.durable < batch.end_padded(), "what is durable grows");
        self.durable = batch.end_padded();
        self.recent.keep(batch.clone());
        self.flushed.flushes += 1;
        self.flushed.frames += u64::from(batch.count());
        self.flushed.bytes += batch.end_padded().0 - batch.position().0;
        self.release();
        Ok(self.durable)
    }

    /// For an orderly end: a batch without frames that records how far the journal is durable, so that
    /// damage of the last batch cannot be taken for a torn tail. `None` while anything waits or is
    /// being written, and where the last block is taken.
    pub(crate) fn close(&mut self) -> Option<Write> {
        if self.in_flight.is_some() || !self.waiting.is_empty() || self.failed.is_some() {
            return None;
        }
        self.make_room_here(0, Purpose::Close).then_some(())?;
        let room = self.room_of_last(Purpose::Entries);
        self.record_commits(room);
        self.end = self.waiting.back()?.end();
        // Where the log is nearly full, as many as fit the block that it takes anyway.
        self.next_write()
    }

    /// Lets time pass: what is committed, and was not recorded for a second because nothing was written, gets a batch of
    /// its own. It takes room that nobody else needs: none of the reserve, and nothing while the disk may be full.
    ///
    /// Nobody may count on an answer of [`room_for`](Journal::room_for) that was given before.
    pub(crate) fn tick(&mut self, now: Duration) {
        if self.failed.is_some() || !self.unrecorded.is_due(now) || self.preparer.ready().is_none() {
            return;
        }
        if self.make_room_here(COMMIT_LEN, Purpose::Entries) {
            let room = self.room_of_last(Purpose::Entries);
            self.record_commits(room);
        }
    }

    /// When [`tick`](Self::tick) may have something to do.
    pub(crate) fn deadline(&mut self, now: Duration) -> Option<Duration> {
        self.unrecorded.deadline(now)
    }

    fn record_commits(&mut self, room: usize) {
        let Some(batch) = self.waiting.back_mut() else { unreachable!("room was made in it") };
        self.unrecorded.record(&mut self.groups, batch, room.min(COMMITS_MAX));
        self.end = batch.end();
    }

    /// Bytes that the last waiting batch may still take of the active segment.
    fn room_of_last(&self, purpose: Purpose) -> usize {
        let offset_max = purpose.offset_max(self.active().header.len);
        let used = self.waiting.back().map_or(offset_max, |batch| self.active().offset(batch.end()));
        offset_max.saturating_sub(used) as usize
    }

    /// Lets go of segments that recovery found to be needed by nobody: the checkpoint that says so is
    /// durable.
    pub(super) fn release_recovered(&mut self) {
        self.releases.push_front((self.durable, self.first_needed()));
        self.release();
    }

    /// Hands over the segments that a durable checkpoint no longer needs.
    fn release(&mut self) {
        while let Some((checkpoint, needed)) = self.releases.front().copied() {
            if checkpoint > self.durable {
                return;
            }
            self.releases.pop_front();
            while self.segments.front().is_some_and(|front| front.header.number < needed) {
                let segment = self.segments.pop_front();
                self.recent.drop_before(segment.as_ref().map_or(Position(0), Segment::end));
                self.preparer.dropped(segment);
            }
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
