//! The sending end of a connection's queue: queues messages from any thread, and writes them while the writer
//! is idle.

use super::closed::Closed;
use super::queue::{Overflow, Queue, Shared, State};
use super::wire::Outgoing;
use super::write_buffer::Chunk;
use super::write_permit::{WritePermit, Wrote};
use bytes::Buf;
use std::fmt;
use std::sync::Arc;
use thiserror::Error;

/// The reason why a message was not queued. No part of it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum Unsent {
    /// There is no connection at the moment.
    #[error("not connected")]
    Disconnected,
    /// Too many bytes wait already. With [`Overflow::Disconnect`], the connection is cut, too.
    #[error("too much is waiting to be sent")]
    Full,
    /// The other side would refuse it: a part is longer than allowed, or the frames are invalid.
    #[error("the message is none that can be sent")]
    Invalid,
}

/// The sending end of a connection's queue, usable from any thread. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Sender {
    shared: Arc<Shared>,
}

impl fmt::Debug for Sender {
    /// Leaves out what is queued: it is large, and belongs to the user.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl Sender {
    pub(super) fn new(shared: Arc<Shared>) -> Sender {
        Sender { shared }
    }

    /// Returns a number that tells the connection from all others that exist.
    pub(crate) fn connection_key(&self) -> usize {
        Arc::as_ptr(&self.shared).addr()
    }

    /// Queues a message; never waits for the network. `Ok` means that it travels on the present connection, or
    /// that its loss is reported by `Disconnected` or `Gone`. Messages arrive in the order in which they were
    /// queued.
    ///
    /// The limit applies to bytes already queued. So a single message longer than the limit can still be sent,
    /// and at most the limit and one message wait.
    ///
    /// Long appends, and long batches of requests or results, are sent as several consecutive messages, an
    /// empty batch as none.
    pub(crate) fn send(&self, message: impl Outgoing) -> Result<(), Unsent> {
        let mut queue = self.shared.queue();
        self.put(&mut queue, message)?;
        let wake = std::mem::take(&mut queue.idle);
        drop(queue);
        if wake {
            self.shared.work.notify_one();
        }
        Ok(())
    }

    /// Queues like [`send`](Self::send), and writes at once if the writer is idle.
    pub(crate) fn send_now(&self, message: impl Outgoing) -> Result<(), Unsent> {
        self.queue(message)?;
        self.write_queued();
        Ok(())
    }

    /// Queues like [`send`](Self::send), without waking the writer: the message waits until another is sent, or
    /// until [`write_queued`](Self::write_queued).
    pub(crate) fn queue(&self, message: impl Outgoing) -> Result<(), Unsent> {
        self.put(&mut self.shared.queue(), message)
    }

    /// Writes what is queued, if the writer is idle.
    pub(crate) fn write_queued(&self) {
        if let Some(permit) = self.take_permit() {
            self.return_permit(permit.write());
        }
    }

    /// Returns the permit to write all that is queued, if the writer is idle. It must be given back. If the
    /// network allows no direct writes, wakes the writer instead.
    fn take_permit(&self) -> Option<WritePermit> {
        let mut queue = self.shared.queue();
        if !queue.idle || queue.buffer.len() == 0 {
            return None;
        }
        queue.idle = false;
        let Some(network) = queue.direct.clone() else {
            drop(queue);
            self.shared.work.notify_one();
            return None;
        };
        queue.taken = true;
        queue.writing = queue.buffer.len();
        let mut batch = Chunk::default();
        queue.buffer.drain_into(&mut batch);
        Some(WritePermit { connection: queue.connection, network, batch })
    }

    /// Takes the permit back. The writer writes what the network did not accept, and what was queued meanwhile.
    fn return_permit(&self, wrote: Wrote) {
        let mut queue = self.shared.queue();
        if wrote.connection != queue.connection {
            // The connection ended meanwhile, with the rest of the bytes; there may be a new one.
            return;
        }
        queue.taken = false;
        queue.moved |= wrote.count > 0;
        queue.writing = wrote.rest.remaining();
        queue.rest = wrote.rest;
        if let Some(why) = wrote.failed {
            queue.disconnect(why);
            self.shared.disconnect.notify_one();
        } else if queue.waiting() == 0 && queue.state == State::Open {
            queue.idle = true;
        } else {
            self.shared.work.notify_one();
        }
    }

    fn put(&self, queue: &mut Queue, message: impl Outgoing) -> Result<(), Unsent> {
        if queue.state != State::Open {
            return Err(Unsent::Disconnected);
        }
        if queue.waiting() >= queue.bound_of(message.kind()) {
            if queue.overflow != Overflow::Refuse {
                queue.disconnect(Closed::Overflowed);
                self.shared.disconnect.notify_one();
            }
            return Err(Unsent::Full);
        }
        message.encode(&mut queue.buffer).map_err(|_| Unsent::Invalid)
    }

    /// Accepts no more messages, and ends the connection once everything is written. Returns false if there is
    /// none.
    pub(super) fn drain(&self) -> bool {
        let mut queue = self.shared.queue();
        let open = matches!(queue.state, State::Open | State::Draining);
        if open {
            queue.state = State::Draining;
            queue.idle = false;
            self.shared.work.notify_one();
        }
        open
    }

    /// Ends the connection, if there is one, without writing what is queued.
    pub(crate) fn disconnect(&self, why: Closed) {
        let mut queue = self.shared.queue();
        if queue.state != State::Shut {
            queue.disconnect(why);
            self.shared.disconnect.notify_one();
        }
    }
}
