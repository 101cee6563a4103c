//! Writing without a detour: whoever has something to send while nobody writes, writes it itself.
//!
//! An answer that is left to the connection's task costs a wake-up of the thread that runs it, which for a lone
//! client is a good part of its waiting; and what a node's turn has queued leaves at the end of the turn, before
//! the node looks at anything else. A network that takes only a part, or nothing, leaves the rest to the task.

use super::closed::Closed;
use super::network::Direct;
use super::write_buffer::Chunk;
use bytes::Buf;
use std::io;
use std::sync::Arc;

/// What a direct writer holds: nobody else writes on the connection until it is given back.
pub(super) struct WritePermit {
    /// Which of the outbox's connections it is on.
    pub(super) connection: u64,
    pub(super) network: Arc<dyn Direct>,
    pub(super) batch: Chunk,
}

/// What came of it.
pub(super) struct Wrote {
    /// Which of the outbox's connections it was on.
    pub(super) connection: u64,
    /// Bytes that the network took.
    pub(super) count: usize,
    /// What is left for the connection's task.
    pub(super) rest: Chunk,
    /// Why the connection is to end.
    pub(super) failed: Option<Closed>,
}

impl WritePermit {
    /// Writes as much of it as the network takes.
    pub(super) fn write(self) -> Wrote {
        let WritePermit { connection, network, mut batch } = self;
        let whole = batch.remaining();
        let failed = write_all(&*network, &mut batch).err().map(Closed::from);
        Wrote { connection, count: whole - batch.remaining(), rest: batch, failed }
    }
}

/// Writes as much as the network takes without waiting.
fn write_all(network: &dyn Direct, batch: &mut Chunk) -> io::Result<()> {
    while batch.has_remaining() {
        let written = network.try_write(&batch.slices());
        match written {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => batch.advance(count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
