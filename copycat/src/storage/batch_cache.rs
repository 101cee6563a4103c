//! A cache of the batches that were written last. Entries are usually applied and sent right after they become
//! durable. From memory they need no read and no verification of checksums.

use super::batch::Batch;
use super::options::JournalOptions;
use super::position::Position;
use std::collections::VecDeque;
use std::sync::Arc;

/// The number of batches among which one is looked for first.
const NEWEST: usize = 4;

/// Durable batches that are still in memory, oldest first.
#[derive(Debug)]
pub(super) struct BatchCache {
    /// Most bytes of frames that are kept, unless the newest batch alone has more.
    bytes_max: u64,
    /// Most batches that are kept.
    batches_max: usize,
    batches: VecDeque<Arc<Batch>>,
    bytes: u64,
}

impl BatchCache {
    /// Returns an empty cache with the bounds of the journal's settings.
    pub(super) fn new(options: &JournalOptions) -> BatchCache {
        let JournalOptions { recent_bytes_max: bytes_max, recent_batches_max: batches_max, .. } = *options;
        BatchCache { bytes_max, batches_max, batches: VecDeque::new(), bytes: 0 }
    }

    /// Drops all batches.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn clear(&mut self) {
        self.batches.clear();
        self.bytes = 0;
    }

    /// Adds a batch, and drops the oldest ones until the bounds are met.
    pub(super) fn keep(&mut self, batch: Arc<Batch>) {
        assert!(self.batches.back().is_none_or(|last| last.end() <= batch.position()), "batches ascend");
        self.bytes += batch.len();
        self.batches.push_back(batch);
        while self.batches.len() > 1 && self.is_over() {
            self.drop_oldest();
        }
        assert!(!self.batches.is_empty(), "the newest stays");
        debug_assert_eq!(self.bytes, self.batches.iter().map(|batch| batch.len()).sum::<u64>());
    }

    fn is_over(&self) -> bool {
        self.bytes > self.bytes_max || self.batches.len() > self.batches_max
    }

    /// Drops the batches before a position. A batch in the cache would keep its segment from being reused.
    pub(super) fn drop_before(&mut self, position: Position) {
        while self.batches.front().is_some_and(|oldest| oldest.position() < position) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.batches.pop_front() {
            assert!(self.bytes >= oldest.len(), "each was counted");
            self.bytes -= oldest.len();
            assert!(!self.batches.is_empty() || self.bytes == 0, "{} bytes of no batch", self.bytes);
        }
    }

    /// Returns the batch that contains a position.
    pub(super) fn at(&self, position: Position) -> Option<&Batch> {
        // Nearly always one of the newest, which a search among a thousand batches would find last.
        let newest = self.batches.len().saturating_sub(NEWEST);
        let begins_before = |batch: &Arc<Batch>| batch.position() <= position;
        let after = match self.batches.range(newest..).rposition(begins_before) {
            Some(at) => newest + at + 1,
            None => self.batches.partition_point(begins_before),
        };
        let batch = self.batches.get(after.checked_sub(1)?)?;
        (position < batch.end()).then_some(batch)
    }
}
