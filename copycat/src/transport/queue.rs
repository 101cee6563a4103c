//! What waits to be written on one connection.

use super::closed::Closed;
use super::network::Direct;
use super::wire::family::Kind;
use super::write_buffer::{Chunk, WriteBuffer};
use bytes::Buf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// What happens when more is sent than may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overflow {
    /// The message is refused; its sender knows what to do.
    Refuse,
    /// The connection is cut: whoever is at the other end does not read, and cannot be told otherwise.
    Cut {
        /// So much may wait while nothing is taken; beyond it, the other end must take some now and then.
        idle_max: usize,
    },
}

/// What both ends of a queue share.
pub(super) struct Shared {
    pub(super) queue: Mutex<Queue>,
    /// Tells the writer that there is something to write.
    pub(super) work: Notify,
    /// Tells the connection that it is to end.
    pub(super) cut: Notify,
}

/// What waits, and who may write it.
pub(super) struct Queue {
    pub(super) state: State,
    pub(super) buffer: WriteBuffer,
    /// Bytes that the writer holds and the network has not taken yet.
    pub(super) writing: usize,
    /// The network took some since the watch looked last.
    pub(super) moved: bool,
    /// The writer waits for work; whoever brings some wakes it, once.
    pub(super) idle: bool,
    /// Counts the connections there were.
    pub(super) connection: u64,
    /// The way to the network past the writer, where there is one.
    pub(super) direct: Option<Arc<dyn Direct>>,
    /// Somebody is using it: the writer waits until that is over.
    pub(super) taken: bool,
    /// What a direct write has left over, in front of everything that is queued.
    pub(super) rest: Chunk,
    pub(super) bytes_max: usize,
    pub(super) overflow: Overflow,
}

/// Whether there is a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// There is no connection.
    Shut,
    /// There is one.
    Open,
    /// What is queued shall still be written, nothing more.
    Draining,
    /// The connection is to end now.
    Cut(Closed),
}

impl Shared {
    /// Of a queue without a connection.
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
        Shared { queue: Mutex::new(queue), work: Notify::new(), cut: Notify::new() }
    }

    pub(super) fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// Bytes that wait, or are being written.
    pub(super) fn waiting(&self) -> usize {
        self.buffer.len() + self.writing
    }

    /// How much may wait when such a message is queued. Appends leave half to everything else: a follower that
    /// catches up fills whatever it is given, and an append that is refused is sent again, a request is not.
    pub(super) fn bound_of(&self, kind: &Kind) -> usize {
        if kind.yields() { self.bytes_max / 2 } else { self.bytes_max }
    }

    /// Hands out what a direct write has left over, or else all that is queued; false if there is nothing.
    pub(super) fn take_rest(&mut self, batch: &mut Chunk) -> bool {
        if self.rest.has_remaining() {
            std::mem::swap(&mut self.rest, batch);
        } else {
            self.buffer.drain_into(batch);
        }
        self.writing = batch.remaining();
        self.writing > 0
    }

    /// The connection is to end now.
    pub(super) fn cut(&mut self, why: Closed) {
        if !matches!(self.state, State::Cut(_)) {
            self.state = State::Cut(why);
        }
        self.buffer.clear();
    }
}
