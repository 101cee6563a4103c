//! The way into a connection: queues messages, from any thread, and writes them where nobody else does.

use super::closed::Closed;
use super::queue::{Overflow, Queue, Shared, State};
use super::wire::Outgoing;
use super::write_buffer::Chunk;
use super::write_permit::{WritePermit, Wrote};
use bytes::Buf;
use std::fmt;
use std::sync::Arc;
use thiserror::Error;

/// Why a message was not queued. It was certainly not sent, not even in part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum Unsent {
    /// There is no connection at the moment.
    #[error("not connected")]
    Disconnected,
    /// Too much is waiting already. A remote handle's connection is cut by this.
    #[error("too much is waiting to be sent")]
    Full,
    /// The other side would refuse it: a part is longer than allowed, or frames are none.
    #[error("the message is none that can be sent")]
    Invalid,
}

/// The way into a connection, from any thread. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Sender {
    shared: Arc<Shared>,
}

impl fmt::Debug for Sender {
    /// Says nothing of what is queued: it is large, and belongs to the user.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl Sender {
    pub(super) fn new(shared: Arc<Shared>) -> Sender {
        Sender { shared }
    }

    /// Queues a message; never waits for the network. `Ok` means that it travels on the present connection, or
    /// that its loss is told by `Disconnected` or `Gone`. Messages arrive in the order they were queued in.
    ///
    /// What counts is how much waits already, not how long the message is: one that is longer than all that may
    /// wait would otherwise never leave. Not more waits than the bound and one message beyond it.
    ///
    /// Long appends, and long batches of requests or results, leave as several consecutive messages; an
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

    /// [`send`](Self::send), writing at once if nobody is writing.
    pub(crate) fn send_now(&self, message: impl Outgoing) -> Result<(), Unsent> {
        self.queue(message)?;
        self.write_queued();
        Ok(())
    }

    /// [`send`](Self::send), except that the message stays where it is until somebody sends another, or calls
    /// [`write_queued`](Self::write_queued).
    pub(crate) fn queue(&self, message: impl Outgoing) -> Result<(), Unsent> {
        self.put(&mut self.shared.queue(), message)
    }

    /// Writes what is queued, if nobody is writing.
    pub(crate) fn write_queued(&self) {
        if let Some(turn) = self.take_turn() {
            self.end_turn(turn.write());
        }
    }

    /// If nobody is writing, hands out all that is queued to whoever asks, who writes it and must give the turn
    /// back. Where there is no direct way, the writer is woken instead.
    fn take_turn(&self) -> Option<WritePermit> {
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

    /// Gives the turn back. What could not be written, and what was queued meanwhile, is the writer's.
    fn end_turn(&self, wrote: Wrote) {
        let mut queue = self.shared.queue();
        if wrote.connection != queue.connection {
            // The connection ended meanwhile, and what was left with it; perhaps there is another.
            return;
        }
        queue.taken = false;
        queue.moved |= wrote.count > 0;
        queue.writing = wrote.rest.remaining();
        queue.rest = wrote.rest;
        if let Some(why) = wrote.failed {
            queue.cut(why);
            self.shared.cut.notify_one();
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
                queue.cut(Closed::Overflowed);
                self.shared.cut.notify_one();
            }
            return Err(Unsent::Full);
        }
        message.encode(&mut queue.buffer).map_err(|_| Unsent::Invalid)
    }

    /// Takes no more, and ends the connection once everything is written. False if there is none.
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
    pub(crate) fn cut(&self, why: Closed) {
        let mut queue = self.shared.queue();
        if queue.state != State::Shut {
            queue.cut(why);
            self.shared.cut.notify_one();
        }
    }
}
