//! Requests that were read ahead: a client that writes its whole pipeline before it reads can finish writing.

use bytes::BytesMut;
use std::collections::VecDeque;

/// Bytes of one piece.
const PIECE_LEN: usize = 64 << 10;

/// Bytes that were received, and not yet parsed, in their order.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    pieces: VecDeque<BytesMut>,
    /// Bytes of memory of all pieces.
    held: usize,
}

impl Backlog {
    /// Returns the bytes of memory that are held here.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Returns a piece at the end that has room for more bytes.
    pub(super) fn room(&mut self) -> &mut BytesMut {
        if self.pieces.back().is_none_or(|piece| piece.len() == piece.capacity()) {
            let piece = BytesMut::with_capacity(PIECE_LEN);
            self.held += piece.capacity();
            self.pieces.push_back(piece);
        }
        self.pieces.back_mut().expect("there is a piece with room")
    }

    /// Moves the oldest piece to the end of the input. Returns whether there was any.
    pub(super) fn refill(&mut self, input: &mut BytesMut) -> bool {
        let Some(piece) = self.pieces.pop_front() else { return false };
        self.held -= piece.capacity();
        if input.is_empty() {
            *input = piece;
        } else {
            input.extend_from_slice(&piece);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_out_in_their_order_and_their_memory_is_given_back() {
        let sent: Vec<u8> = (0..3 * PIECE_LEN + 7).map(|at| at.to_le_bytes()[0]).collect();
        let (mut backlog, mut input) = (Backlog::default(), BytesMut::from(&b"begun"[..]));
        for mut bytes in sent.chunks(1_000) {
            while !bytes.is_empty() {
                let piece = backlog.room();
                let (now, later) = bytes.split_at(bytes.len().min(piece.capacity() - piece.len()));
                piece.extend_from_slice(now);
                bytes = later;
            }
        }
        assert_eq!(backlog.held(), 4 * PIECE_LEN);
        while backlog.refill(&mut input) {}
        assert_eq!((&input[..5], &input[5..]), (&b"begun"[..], &sent[..]));
        assert_eq!(backlog.held(), 0);
    }
}
