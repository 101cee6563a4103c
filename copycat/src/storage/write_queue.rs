//! WriteQueue on their way to the disk, and a while longer in memory.

use super::batch::Batch;
use super::batch_cache::BatchCache;
use super::batch_header::BatchKind;
use super::options::Options;
use super::position::{Position, align_up};
use super::segment::Segment;
use std::collections::VecDeque;
use std::sync::Arc;

/// The end of the journal: what is durable, what is being written, and what waits. One batch is written at a time.
#[derive(Debug)]
pub(super) struct WriteQueue {
    /// Behind the last frame.
    end: Position,
    durable: Position,
    /// Checksum of the batch header sealed last, which the next one in the segment names.
    previous: u32,
    in_flight: Option<Arc<Batch>>,
    /// Oldest first. Only the last takes more.
    waiting: VecDeque<Batch>,
    recent: BatchCache,
}

impl WriteQueue {
    /// Behind what recovery found, whose last header has the checksum `previous`.
    pub(super) fn recovered(end: Position, previous: u32, options: &Options) -> WriteQueue {
        assert!(end.is_block(), "what is durable ends with a block: {end}");
        let (waiting, recent) = (VecDeque::new(), BatchCache::new(options));
        WriteQueue { end, durable: end, previous, in_flight: None, waiting, recent }
    }

    /// Behind the last frame.
    pub(super) fn end(&self) -> Position {
        self.end
    }

    /// Everything before it is durable.
    pub(super) fn durable(&self) -> Position {
        self.durable
    }

    /// Where a new batch would begin.
    pub(super) fn next_position(&self) -> Position {
        Position(align_up(self.end.0))
    }

    /// Whether everything is durable.
    pub(super) fn is_idle(&self) -> bool {
        self.in_flight.is_none() && self.waiting.is_empty()
    }

    /// Whether something waits for the write under way to end, or for one to begin.
    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The open batch, if there is one.
    pub(super) fn last(&self) -> Option<&Batch> {
        self.waiting.back()
    }

    /// Goes on at the beginning of a segment, behind its header.
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

    /// Adds to the open batch. The journal ends behind it then.
    pub(super) fn add<T>(&mut self, with: impl FnOnce(&mut Batch) -> T) -> T {
        let batch = self.waiting.back_mut().expect("room was made in a batch");
        let added = with(batch);
        assert!(self.end <= batch.end(), "positions only grow: {} then {}", self.end, batch.end());
        self.end = batch.end();
        added
    }

    /// Completes the next batch and takes it to be written. If it is a batch of frames and no other waits behind it,
    /// `fill` may add frames as far as the padding has room. `None` while a write is under way or nothing waits.
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
        self.previous = batch.seal(self.durable, self.previous);
        let batch = Arc::new(batch);
        self.in_flight = Some(batch.clone());
        Some(batch)
    }

    /// The write that began last is over.
    pub(super) fn end_write(&mut self, position: Position) -> Arc<Batch> {
        let batch = self.in_flight.take().expect("a write is under way");
        assert_eq!(batch.position(), position, "the write under way is another one");
        batch
    }

    /// The batch whose write is over is durable.
    pub(super) fn written(&mut self, batch: Arc<Batch>) {
        assert!(self.durable <= batch.position(), "what is durable grows");
        self.durable = batch.end_padded();
        assert!(self.durable.is_block(), "what is durable ends with a block: {}", self.durable);
        assert!(self.durable >= self.end || self.has_waiting(), "only what waits is not durable");
        self.recent.keep(batch);
    }

    /// The batch in memory that holds this position.
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

    /// Drops the batches before a position from memory. They hold their segments, which could not be used again
    /// otherwise.
    pub(super) fn forget_before(&mut self, position: Position) {
        self.recent.drop_before(position);
    }

    /// Forgets the batches that are durable, so that reads go to the disk.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn forget_recent(&mut self) {
        self.recent.clear();
    }

    /// How many batches wait.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }
}
