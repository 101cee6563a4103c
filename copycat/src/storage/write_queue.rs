//! The write queue of the journal, with a cache of the batches that were written last.

use super::batch::Batch;
use super::batch_cache::BatchCache;
use super::batch_header::BatchKind;
use super::options::JournalOptions;
use super::position::{Position, align_up};
use super::segment::Segment;
use std::collections::VecDeque;
use std::sync::Arc;

/// The end of the journal: durable batches, the batch in flight, and waiting batches. One batch is written at a time.
#[derive(Debug)]
pub(super) struct WriteQueue {
    /// The position after the last frame.
    end: Position,
    durable: Position,
    /// The checksum of the batch header that was finished last. The next header in the segment repeats it.
    previous: u32,
    in_flight: Option<Arc<Batch>>,
    /// Waiting batches, oldest first. Only the last one takes more frames.
    waiting: VecDeque<Batch>,
    recent: BatchCache,
}

impl WriteQueue {
    /// Returns an empty queue after the batches that recovery found. `previous` is the checksum of the last one's
    /// header.
    pub(super) fn recovered(end: Position, previous: u32, options: &JournalOptions) -> WriteQueue {
        assert!(end.is_block(), "what is durable ends with a block: {end}");
        let (waiting, recent) = (VecDeque::new(), BatchCache::new(options));
        WriteQueue { end, durable: end, previous, in_flight: None, waiting, recent }
    }

    /// Returns the position after the last frame.
    pub(super) fn end(&self) -> Position {
        self.end
    }

    /// Returns the position up to which the journal is durable.
    pub(super) fn durable(&self) -> Position {
        self.durable
    }

    /// Returns the position at which a new batch would begin.
    pub(super) fn next_position(&self) -> Position {
        Position(align_up(self.end.0))
    }

    /// Returns whether everything is durable.
    pub(super) fn is_idle(&self) -> bool {
        self.in_flight.is_none() && self.waiting.is_empty()
    }

    /// Returns whether a batch waits, for the write in flight to end or for its own to begin.
    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Returns the open batch, if there is one.
    pub(super) fn last(&self) -> Option<&Batch> {
        self.waiting.back()
    }

    /// Continues at the beginning of a segment, after its header.
    pub(super) fn enter(&mut self, begin: Position) {
        assert!(begin.is_block() && self.end <= begin, "positions only grow: {} then {begin}", self.end);
        self.end = begin;
    }

    /// Begins a batch in the active segment.
    pub(super) fn open(&mut self, segment: &Segment, kind: BatchKind) {
        let batch = Batch::new(segment, segment.offset(self.next_position()), kind);
        assert!(self.end <= batch.position(), "batches do not overlap");
        self.waiting.push_back(batch);
    }

    /// Adds to the open batch with `with`. The journal then ends after this batch's last frame.
    pub(super) fn add<T>(&mut self, with: impl FnOnce(&mut Batch) -> T) -> T {
        let batch = self.waiting.back_mut().expect("space was made in a batch");
        let added = with(batch);
        assert!(self.end <= batch.end(), "positions only grow: {} then {}", self.end, batch.end());
        self.end = batch.end();
        added
    }

    /// Finishes the next batch and returns it for writing. If it is a batch of frames and no other batch waits, `fill`
    /// may add frames that fit its padding. Returns `None` while a write is in flight or nothing waits.
    pub(super) fn begin_write(&mut self, fill: impl FnOnce(&mut Batch, usize)) -> Option<Arc<Batch>> {
        if self.in_flight.is_some() {
            return None;
        }
        let mut batch = self.waiting.pop_front()?;
        if self.waiting.is_empty() && batch.kind() == BatchKind::Frames {
            let (end_padded, padding) = (batch.end_padded(), batch.padding());
            fill(&mut batch, padding);
            assert_eq!(batch.end_padded(), end_padded, "what fills the padding takes no block more");
            self.end = batch.end();
        }
        let next = self.waiting.front();
        assert!(next.is_none_or(|next| batch.end_padded() <= next.position()), "batches do not overlap");
        self.previous = batch.finish(self.durable, self.previous);
        let batch = Arc::new(batch);
        self.in_flight = Some(batch.clone());
        Some(batch)
    }

    /// Ends the write in flight, and returns its batch.
    pub(super) fn end_write(&mut self, position: Position) -> Arc<Batch> {
        let batch = self.in_flight.take().expect("a write is in flight");
        assert_eq!(batch.position(), position, "the write in flight is another one");
        batch
    }

    /// Marks a batch whose write has ended as durable.
    pub(super) fn written(&mut self, batch: Arc<Batch>) {
        assert!(self.durable <= batch.position(), "what is durable grows");
        self.durable = batch.end_padded();
        assert!(self.durable.is_block(), "what is durable ends with a block: {}", self.durable);
        assert!(self.durable >= self.end || self.has_waiting(), "only what waits is not durable");
        self.recent.keep(batch);
    }

    /// Returns the batch in memory that contains this position.
    pub(super) fn holding(&self, position: Position) -> Option<&Batch> {
        if position < self.durable {
            return self.recent.at(position);
        }
        if let Some(batch) = self.in_flight.as_deref()
            && batch.position() <= position
            && position < batch.end()
        {
            return Some(batch);
        }
        let after = self.waiting.partition_point(|batch| batch.position() <= position);
        let batch = self.waiting.get(after.checked_sub(1)?)?;
        assert!(position < batch.end(), "{position} lies behind the last frame of its batch");
        Some(batch)
    }

    /// Drops the durable batches before a position from memory. They would keep their segments from being reused.
    pub(super) fn forget_before(&mut self, position: Position) {
        self.recent.drop_before(position);
    }

    /// Drops all durable batches from memory, so that reads go to the disk.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn forget_recent(&mut self) {
        self.recent.clear();
    }

    /// Returns the number of waiting batches.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }
}
