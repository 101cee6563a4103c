//! The send queue of one connection.

use super::closed::Closed;
use super::network::Direct;
use super::wire::family::MessageKind;
use super::write_buffer::{Chunk, WriteBuffer};
use bytes::Buf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The reaction to a message that does not fit into the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overflow {
    /// Refuses the message; its sender knows what to do.
    Refuse,
    /// Cuts the connection: the other end does not read, and cannot be told otherwise.
    Disconnect {
        /// The bytes that may wait while the other end accepts none. Beyond it, the other end must accept some
        /// periodically.
        idle_max: usize,
    },
}

/// The state that both ends of a queue share.
pub(super) struct Shared {
    pub(super) queue: Mutex<Queue>,
    /// Tells the writer that there is something to write.
    pub(super) work: Notify,
    /// Tells the connection to end.
    pub(super) disconnect: Notify,
}

/// The queued bytes, and who may write them.
pub(super) struct Queue {
    pub(super) state: State,
    pub(super) buffer: WriteBuffer,
    /// Bytes that the writer holds and the network has not accepted yet.
    pub(super) writing: usize,
    /// The network accepted bytes since the watch looked last.
    pub(super) moved: bool,
    /// The writer waits for work. The sender that brings some wakes it, once.
    pub(super) idle: bool,
    /// Number of connections that ended.
    pub(super) connection: u64,
    /// Writes to the network without the writer, if the network allows it.
    pub(super) direct: Option<Arc<dyn Direct>>,
    /// A direct write is in progress: the writer waits until it is over.
    pub(super) taken: bool,
    /// The rest of a direct write, which precedes everything that is queued.
    pub(super) rest: Chunk,
    pub(super) bytes_max: usize,
    pub(super) overflow: Overflow,
}

/// The state of the queue's connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// There is no connection.
    Shut,
    /// The connection is open.
    Open,
    /// What is queued is still written; nothing more is accepted.
    Draining,
    /// The connection is to end at once.
    Disconnecting(Closed),
}

impl Shared {
    /// Creates a queue without a connection.
    pub(super) fn new(bytes_max: usize, overflow: Overflow) -> Shared {
        let queue = Queue {
            state: State::Shut,
            buffer: WriteBuffer::default(),
            writing: 0,
            moved: false,
            idle: false,
            connection: 0,
            direct: None,
            taken: false,
            rest: Chunk::default(),
            bytes_max,
            overflow,
        };
        Shared { queue: Mutex::new(queue), work: Notify::new(), disconnect: Notify::new() }
    }

    pub(super) fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// Returns the bytes that wait or are being written.
    pub(super) fn waiting(&self) -> usize {
        self.buffer.len() + self.writing
    }

    /// Returns how many bytes may wait when a message of `kind` is queued. Appends may fill only half of the
    /// queue: a lagging follower would fill all of it, and appends are retried while requests are not.
    pub(super) fn bound_of(&self, kind: &MessageKind) -> usize {
        if kind.yields() { self.bytes_max / 2 } else { self.bytes_max }
    }

    /// Hands out the rest of a direct write, or else all that is queued. Returns false if there is nothing.
    pub(super) fn take_rest(&mut self, batch: &mut Chunk) -> bool {
        if self.rest.has_remaining() {
            std::mem::swap(&mut self.rest, batch);
        } else {
            self.buffer.drain_into(batch);
        }
        self.writing = batch.remaining();
        self.writing > 0
    }

    /// Ends the connection at once: discards what is queued and keeps the first reason.
    pub(super) fn disconnect(&mut self, why: Closed) {
        if !matches!(self.state, State::Disconnecting(_)) {
            self.state = State::Disconnecting(why);
        }
        self.buffer.clear();
    }
}
