//! Bytes that wait to be written: small pieces are packed into one buffer, large ones are not copied.

use bytes::{Buf, Bytes, BytesMut};
use std::collections::VecDeque;
use std::io::IoSlice;

/// Pieces shorter than this many bytes are copied: copying a page is cheaper than one more element of a
/// vectored write and a reference count.
const COPY_BELOW: usize = 4_096;

/// Most pieces per write.
const PIECES_MAX: usize = 64;

/// A growing sequence of bytes.
#[derive(Debug, Default)]
pub(crate) struct WriteBuffer {
    frozen: VecDeque<Bytes>,
    frozen_len: usize,
    tail: BytesMut,
}

impl WriteBuffer {
    /// Returns the number of bytes.
    pub(crate) fn len(&self) -> usize {
        self.frozen_len + self.tail.len()
    }

    /// Returns the buffer for small pieces, which follow everything before.
    pub(crate) fn tail(&mut self) -> &mut BytesMut {
        &mut self.tail
    }

    /// Appends a piece.
    pub(crate) fn push(&mut self, piece: Bytes) {
        if piece.len() < COPY_BELOW {
            self.tail.extend_from_slice(&piece);
            return;
        }
        self.freeze_tail();
        self.frozen_len += piece.len();
        self.frozen.push_back(piece);
    }

    fn freeze_tail(&mut self) {
        if !self.tail.is_empty() {
            self.frozen_len += self.tail.len();
            self.frozen.push_back(self.tail.split().freeze());
        }
    }

    /// Moves everything into `batch`, which must be empty, and reuses its memory for later pieces.
    pub(super) fn drain_into(&mut self, batch: &mut Chunk) {
        assert!(batch.pieces.is_empty(), "one batch at a time");
        self.freeze_tail();
        std::mem::swap(&mut self.frozen, &mut batch.pieces);
        batch.len = std::mem::take(&mut self.frozen_len);
    }

    /// Discards everything.
    pub(super) fn clear(&mut self) {
        self.frozen.clear();
        self.frozen_len = 0;
        self.tail.clear();
    }
}

/// The bytes of a write.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    pieces: VecDeque<Bytes>,
    len: usize,
}

impl Chunk {
    /// Returns the first pieces, as many as one system call takes.
    pub(super) fn slices(&self) -> Vec<IoSlice<'_>> {
        self.pieces.iter().take(PIECES_MAX).map(|piece| IoSlice::new(piece)).collect()
    }
}

impl Buf for Chunk {
    fn remaining(&self) -> usize {
        self.len
    }

    fn chunk(&self) -> &[u8] {
        self.pieces.front().map_or(&[], |piece| piece)
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let count = self.pieces.len().min(slices.len());
        for (slice, piece) in slices.iter_mut().zip(&self.pieces) {
            *slice = IoSlice::new(piece);
        }
        count
    }

    fn advance(&mut self, mut count: usize) {
        assert!(count <= self.len, "a network wrote more than it was given");
        self.len -= count;
        while count > 0 {
            let Some(front) = self.pieces.front_mut() else { return };
            let step = count.min(front.len());
            front.advance(step);
            count -= step;
            if front.is_empty() {
                self.pieces.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_pieces_are_not_copied_and_order_is_kept() {
        let large = Bytes::from(vec![7; COPY_BELOW]);
        let mut buffer = WriteBuffer::default();
        buffer.tail().extend_from_slice(b"ab");
        buffer.push(large.clone());
        buffer.push(Bytes::from_static(b"cd"));
        assert_eq!(buffer.len(), COPY_BELOW + 4);
        let mut batch = Chunk::default();
        buffer.drain_into(&mut batch);
        assert_eq!((buffer.len(), batch.pieces.len()), (0, 3));
        assert_eq!(batch.pieces[1].as_ptr(), large.as_ptr());
        let mut all = vec![0; batch.remaining()];
        batch.copy_to_slice(&mut all);
        assert_eq!(all, [b"ab", &large[..], b"cd"].concat());
    }

    #[test]
    fn an_emptied_chunk_keeps_its_buffer() {
        let (mut buffer, mut batch) = (WriteBuffer::default(), Chunk::default());
        buffer.tail().extend_from_slice(&[1; 1_000]);
        buffer.drain_into(&mut batch);
        let first = batch.chunk().as_ptr();
        batch.advance(1_000);
        buffer.tail().extend_from_slice(&[2; 1_000]);
        buffer.drain_into(&mut batch);
        assert_eq!(batch.chunk().as_ptr(), first);
    }
}
