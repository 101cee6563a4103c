//! A batch, from its first append to the end of its write. It holds the callers' bytes without copying them.

use super::batch_header::{BATCH_HEADER_LEN, BatchHeader, BatchKind};
use super::disk::Region;
use super::options::SEGMENT_LEN_MAX;
use super::position::{BLOCK, Position, ZEROES, align_up};
use super::segment::Segment;
use bytes::Bytes;
use std::sync::Arc;

/// The number of chunks for which a new batch has memory.
const CHUNKS: usize = 16;

/// Frames that share one write. Their positions are final.
#[derive(Debug)]
pub(crate) struct Batch {
    region: Arc<dyn Region>,
    /// The offset of the header in the region.
    offset: u64,
    /// The position of the header in the journal.
    position: Position,
    salt: u64,
    kind: BatchKind,
    /// The checksum of the segment's header, if this is the first batch of the segment. It is then the header's
    /// `previous`.
    first_in: Option<u32>,
    /// The header (empty until the batch is finished), the callers' chunks, the padding (once finished).
    chunks: Vec<Bytes>,
    /// The offset of each chunk from the header.
    starts: Vec<u32>,
    length: u32,
    count: u32,
    /// The number of frames that are commit indexes.
    commits: u32,
    checksum: u32,
}

impl Batch {
    /// Returns an empty batch whose header will lie at `offset` of the segment.
    pub(crate) fn new(segment: &Segment, offset: u64, kind: BatchKind) -> Batch {
        assert!(offset.is_multiple_of(BLOCK) && offset >= BLOCK, "batches begin on blocks behind the header");
        assert!(offset < segment.header.len, "the batch begins in the segment");
        let (mut chunks, mut starts) = (Vec::with_capacity(CHUNKS), Vec::with_capacity(CHUNKS));
        chunks.push(Bytes::new());
        starts.push(0);
        Batch {
            region: segment.region.clone(),
            offset,
            position: Position(segment.header.base.0 + offset),
            salt: segment.header.salt,
            kind,
            first_in: (offset == BLOCK).then_some(segment.checksum),
            chunks,
            starts,
            length: 0,
            count: 0,
            commits: 0,
            checksum: 0,
        }
    }

    /// Adds packed frames, or the body of a checkpoint. `count` is the number of frames, and `checksum` is the
    /// checksum of the whole batch including them.
    pub(crate) fn push(&mut self, chunk: Bytes, count: u32, checksum: u32) {
        assert!(!self.is_finished(), "nothing is added to what is being written");
        assert!(!chunk.is_empty() && (count > 0) == (self.kind == BatchKind::Frames), "{count} frames");
        let length = self.len() + chunk.len() as u64;
        assert!(length < SEGMENT_LEN_MAX, "a batch of {length} bytes is longer than any segment");
        self.starts.push(BATCH_HEADER_LEN as u32 + self.length);
        self.length += chunk.len() as u32;
        self.chunks.push(chunk);
        self.count += count;
        self.checksum = checksum;
    }

    /// Adds frames that record commit indexes. Otherwise like [`push`](Self::push).
    pub(crate) fn push_commits(&mut self, frames: Bytes, count: u32, checksum: u32) {
        self.push(frames, count, checksum);
        self.commits += count;
    }

    /// Returns whether `len` more bytes of frames fit within both limits. A checkpoint takes no frames.
    pub(crate) fn takes(&self, len: usize, batch_max: u64, offset_max: u64) -> bool {
        let length = u64::from(self.length) + len as u64;
        self.kind == BatchKind::Frames
            && length <= batch_max
            && self.offset + BATCH_HEADER_LEN as u64 + length <= offset_max
    }

    /// Returns the kind of the body.
    pub(crate) fn kind(&self) -> BatchKind {
        self.kind
    }

    /// Returns the number of bytes between the last frame and the end of the last block.
    pub(crate) fn padding(&self) -> usize {
        (self.end_padded().0 - self.end().0) as usize
    }

    /// Returns the length of the frames so far, in bytes.
    pub(crate) fn len(&self) -> u64 {
        u64::from(self.length)
    }

    /// Returns the number of frames so far without commit indexes, which no caller appended.
    pub(crate) fn asked_for(&self) -> u32 {
        assert!(self.commits <= self.count, "commit indexes are among the frames");
        self.count - self.commits
    }

    /// Returns the checksum over the frames so far.
    pub(crate) fn checksum(&self) -> u32 {
        self.checksum
    }

    /// Returns the position of the header.
    pub(crate) fn position(&self) -> Position {
        self.position
    }

    /// Returns the position after the last frame.
    pub(crate) fn end(&self) -> Position {
        Position(self.position.0 + BATCH_HEADER_LEN as u64 + u64::from(self.length))
    }

    /// Returns the position after the padding, where the next batch may begin.
    pub(crate) fn end_padded(&self) -> Position {
        Position(self.position.0 + self.extent())
    }

    /// Returns the length that the batch takes in its segment, in bytes.
    fn extent(&self) -> u64 {
        align_up(BATCH_HEADER_LEN as u64 + u64::from(self.length))
    }

    fn is_finished(&self) -> bool {
        !self.chunks[0].is_empty()
    }

    /// Completes the batch for writing. Returns the checksum of its header, which the header of the next batch
    /// repeats.
    pub(crate) fn finish(&mut self, durable: Position, previous: u32) -> u32 {
        assert!(!self.is_finished(), "a batch is written once");
        assert!(durable <= self.position, "a batch is written when everything before it is durable");
        assert!(self.offset + self.extent() <= self.region.len(), "the batch lies in the segment");
        let header = BatchHeader {
            salt: self.salt,
            position: self.position,
            durable,
            length: self.length,
            count: self.count,
            body_checksum: self.checksum,
            previous: self.first_in.unwrap_or(previous),
            kind: self.kind,
        };
        let (bytes, checksum) = header.encode();
        self.chunks[0] = Bytes::copy_from_slice(&bytes);
        self.starts.push(BATCH_HEADER_LEN as u32 + self.length);
        assert_eq!(header.extent(), self.extent(), "header and batch agree");
        self.chunks.push(Bytes::from_static(&ZEROES[..self.padding()]));
        debug_assert_eq!(self.chunks.iter().map(Bytes::len).sum::<usize>() as u64, self.extent());
        checksum
    }

    /// Returns the region, the offset and the bytes to write. The batch must be finished.
    pub(crate) fn parts(&self) -> (&Arc<dyn Region>, u64, &[Bytes]) {
        assert!(self.is_finished(), "finished before it is written");
        (&self.region, self.offset, &self.chunks)
    }

    /// Appends to `out` the slices that cover `len` bytes from `position` on. They must be whole frames of this
    /// batch.
    pub(crate) fn slices(&self, position: Position, len: usize, out: &mut Vec<Bytes>) {
        assert!(self.position < position && position.0 + len as u64 <= self.end().0, "frames of this batch");
        let (mut from, end) =
            ((position.0 - self.position.0) as usize, (position.0 - self.position.0) as usize + len);
        let mut at = self.starts.partition_point(|start| *start as usize <= from) - 1;
        while from < end {
            let (start, chunk) = (self.starts[at] as usize, &self.chunks[at]);
            let to = end.min(start + chunk.len());
            if from < to {
                out.push(chunk.slice(from - start..to - start));
            }
            (from, at) = (to, at + 1);
        }
        assert_eq!(from, end, "all of it was found");
    }
}
