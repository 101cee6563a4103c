//! A connection whose bytes are all there, but arrive in pieces. No read or write ever waits.

use crate::transport::network::Stream;
use bytes::{Buf, Bytes};
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that arrive in pieces, whose lengths a seed decides. Written bytes are discarded.
pub(super) struct Pieces {
    rest: Bytes,
    /// `None`: all bytes arrive at once.
    lengths: Option<fastrand::Rng>,
}

impl Pieces {
    /// Delivers all bytes as soon as the reader's buffer has space.
    pub(super) fn whole(bytes: Bytes) -> Pieces {
        Pieces { rest: bytes, lengths: None }
    }

    /// Delivers the bytes in pieces.
    pub(super) fn cut(bytes: Bytes, seed: u64) -> Pieces {
        Pieces { rest: bytes, lengths: Some(fastrand::Rng::with_seed(seed)) }
    }

    /// Returns the number of bytes that have not arrived yet.
    pub(super) fn len(&self) -> usize {
        self.rest.len()
    }

    fn next_len(&mut self) -> usize {
        let Some(lengths) = &mut self.lengths else { return usize::MAX };
        match lengths.u8(0..4) {
            0 => 1,
            1 => lengths.usize(1..32),
            2 => lengths.usize(1..512),
            _ => lengths.usize(1..16_384),
        }
    }
}

impl Stream for Pieces {}

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let len = self.next_len().min(into.remaining()).min(self.rest.len());
        into.put_slice(&self.rest[..len]);
        self.rest.advance(len);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pieces {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Returns the output of a future that has nothing to wait for.
pub(super) fn outcome<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("a future waits although everything is there"),
    }
}
