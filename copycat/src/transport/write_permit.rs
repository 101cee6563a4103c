//! Direct writes: a thread that has data for an idle connection writes it itself.
//!
//! A reply that is left to the connection's task costs a wake-up of that task's thread, which is a large part
//! of a lone client's latency. What a node's turn has queued leaves at the end of the turn, before the node
//! looks at anything else. If the network accepts only a part, or nothing, the task writes the rest.

use super::closed::Closed;
use super::network::Direct;
use super::write_buffer::Chunk;
use bytes::Buf;
use std::io;
use std::sync::Arc;

/// The exclusive right to write on a connection, until it is given back.
pub(super) struct WritePermit {
    /// The number of the queue's connection.
    pub(super) connection: u64,
    pub(super) network: Arc<dyn Direct>,
    pub(super) batch: Chunk,
}

/// The result of a direct write.
pub(super) struct Wrote {
    /// The number of the queue's connection.
    pub(super) connection: u64,
    /// Bytes that the network accepted.
    pub(super) count: usize,
    /// The bytes that are left to the connection's task.
    pub(super) rest: Chunk,
    /// The reason why the connection is to end, if the write failed.
    pub(super) failed: Option<Closed>,
}

impl WritePermit {
    /// Writes as much of the batch as the network accepts.
    pub(super) fn write(self) -> Wrote {
        let WritePermit { connection, network, mut batch } = self;
        let whole = batch.remaining();
        let failed = write_all(&*network, &mut batch).err().map(Closed::from);
        Wrote { connection, count: whole - batch.remaining(), rest: batch, failed }
    }
}

/// Writes as much as the network accepts without waiting.
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
