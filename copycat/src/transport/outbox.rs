//! What waits to be written on one connection: the senders' end and the writer's end.

use super::connection::Closed;
use super::direct::{Turn, Wrote};
use super::rope::{Batch, Rope};
use super::seam::Direct;
use super::wire::{self, Message};
use bytes::Buf;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use thiserror::Error;
use tokio::sync::Notify;

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

struct Shared {
    queue: Mutex<Queue>,
    /// Tells the writer that there is something to write.
    work: Notify,
    /// Tells the connection that it is to end.
    cut: Notify,
}

struct Queue {
    state: State,
    rope: Rope,
    /// Bytes that the writer holds and the network has not taken yet.
    writing: usize,
    /// The network took some since the watch looked last.
    moved: bool,
    /// The writer waits for work; whoever brings some wakes it, once.
    idle: bool,
    /// Counts the connections there were.
    connection: u64,
    /// The way to the network past the writer, where there is one.
    direct: Option<Arc<dyn Direct>>,
    /// Somebody is using it: the writer waits until that is over.
    taken: bool,
    /// What a direct write has left over, in front of everything that is queued.
    rest: Batch,
    bytes_max: usize,
    overflow: Overflow,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
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
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The two ends of a queue that is still shut.
pub(crate) fn outbox(bytes_max: usize, overflow: Overflow) -> (Sender, Outbox) {
    let rope = Rope::default();
    let queue = Queue {
        state: State::Shut,
        rope,
        writing: 0,
        moved: false,
        idle: false,
        connection: 0,
        direct: None,
        taken: false,
        rest: Batch::default(),
        bytes_max,
        overflow,
    };
    let shared = Arc::new(Shared { queue: Mutex::new(queue), work: Notify::new(), cut: Notify::new() });
    (Sender { shared: Arc::clone(&shared) }, Outbox { shared })
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
    /// Queues a message; never waits for the network. `Ok` means that it travels on the present connection, or
    /// that its loss is told by `Disconnected` or `Gone`. Messages arrive in the order they were queued in.
    ///
    /// What counts is how much waits already, not how long the message is: one that is longer than all that may
    /// wait would otherwise never leave. Not more waits than the bound and one message beyond it.
    ///
    /// Long appends, and long batches of requests or results, leave as several consecutive messages; an
    /// empty batch as none.
    pub(crate) fn send(&self, message: Message) -> Result<(), Unsent> {
        let mut queue = self.shared.queue();
        self.put(&mut queue, message)?;
        let wake = std::mem::take(&mut queue.idle);
        drop(queue);
        if wake {
            self.shared.work.notify_one();
        }
        Ok(())
    }

    /// [`send`](Self::send), except that the message stays where it is until somebody sends another, or calls
    /// [`write_queued`](Self::write_queued).
    pub(crate) fn queue(&self, message: Message) -> Result<(), Unsent> {
        self.put(&mut self.shared.queue(), message)
    }

    /// If nobody is writing, hands out all that is queued to whoever asks, who writes it and must give the turn
    /// back. Where there is no direct way, the writer is woken instead.
    pub(super) fn take_turn(&self) -> Option<Turn> {
        let mut queue = self.shared.queue();
        if !queue.idle || queue.rope.len() == 0 {
            return None;
        }
        queue.idle = false;
        let Some(network) = queue.direct.clone() else {
            drop(queue);
            self.shared.work.notify_one();
            return None;
        };
        queue.taken = true;
        queue.writing = queue.rope.len();
        let mut batch = Batch::default();
        queue.rope.drain_into(&mut batch);
        Some(Turn { connection: queue.connection, network, batch })
    }

    /// Gives the turn back. What could not be written, and what was queued meanwhile, is the writer's.
    pub(super) fn end_turn(&self, wrote: Wrote) {
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

    fn put(&self, queue: &mut Queue, message: Message) -> Result<(), Unsent> {
        if queue.state != State::Open {
            return Err(Unsent::Disconnected);
        }
        if queue.waiting() >= queue.bound_of(&message) {
            if queue.overflow != Overflow::Refuse {
                queue.cut(Closed::Overflowed);
                self.shared.cut.notify_one();
            }
            return Err(Unsent::Full);
        }
        message.encode(&mut queue.rope).map_err(|_| Unsent::Invalid)
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
    pub(super) fn cut(&self, why: Closed) {
        let mut queue = self.shared.queue();
        if queue.state != State::Shut {
            queue.cut(why);
            self.shared.cut.notify_one();
        }
    }
}

impl Queue {
    fn waiting(&self) -> usize {
        self.rope.len() + self.writing
    }

    /// How much may wait when the message is queued. Appends leave half to everything else: a follower that
    /// catches up fills whatever it is given, and an append that is refused is sent again, a request is not.
    fn bound_of(&self, message: &Message) -> usize {
        if message.is_append() { self.bytes_max / 2 } else { self.bytes_max }
    }

    /// Hands out what a direct write has left over, or else all that is queued; false if there is nothing.
    fn take_rest(&mut self, batch: &mut Batch) -> bool {
        if self.rest.has_remaining() {
            std::mem::swap(&mut self.rest, batch);
        } else {
            self.rope.drain_into(batch);
        }
        self.writing = batch.remaining();
        self.writing > 0
    }

    fn cut(&mut self, why: Closed) {
        if !matches!(self.state, State::Cut(_)) {
            self.state = State::Cut(why);
        }
        self.rope.clear();
    }
}

/// The end of the task that serves the connection. Dropping it shuts the queue.
pub(crate) struct Outbox {
    shared: Arc<Shared>,
}

impl Outbox {
    /// A connection is there: messages are taken from now on.
    pub(super) fn open(&self) {
        self.shared.queue().state = State::Open;
    }

    /// There is a way to the network that others than the writer may take while it is idle.
    pub(super) fn allow(&self, direct: Option<Arc<dyn Direct>>) {
        self.shared.queue().direct = direct;
    }

    /// The connection is gone, and everything queued with it. True if it was being drained.
    pub(super) fn shut(&self) -> bool {
        let mut queue = self.shared.queue();
        let draining = queue.state == State::Draining;
        queue.state = State::Shut;
        queue.rope.clear();
        queue.writing = 0;
        queue.moved = false;
        queue.idle = false;
        queue.connection += 1;
        queue.direct = None;
        queue.taken = false;
        queue.rest = Batch::default();
        draining
    }

    /// Waits for something to write and moves all of it into `batch`, which is empty: whatever was handed
    /// out before is written. False when the queue was drained.
    pub(super) async fn next(&self, batch: &mut Batch) -> bool {
        loop {
            {
                let mut queue = self.shared.queue();
                if !queue.taken {
                    if queue.take_rest(batch) {
                        return true;
                    }
                    if queue.state == State::Draining {
                        return false;
                    }
                    queue.idle = true;
                }
            }
            self.shared.work.notified().await;
        }
    }

    /// The network has taken `count` bytes of what was handed out.
    pub(super) fn wrote(&self, count: usize) {
        let mut queue = self.shared.queue();
        queue.writing = queue.writing.saturating_sub(count);
        queue.moved = true;
    }

    /// Whether more waits than may, although the other end took nothing since this was last asked.
    pub(super) fn is_stuck(&self) -> bool {
        let mut queue = self.shared.queue();
        let moved = std::mem::take(&mut queue.moved);
        match queue.overflow {
            Overflow::Refuse => false,
            Overflow::Cut { idle_max } => !moved && queue.waiting() > idle_max,
        }
    }

    /// Waits until someone cuts the connection.
    pub(super) async fn cut(&self) -> Closed {
        loop {
            if let State::Cut(why) = &self.shared.queue().state {
                return why.clone();
            }
            self.shared.cut.notified().await;
        }
    }

    /// Queues a sign of life, unless something is waiting, which is one.
    pub(super) fn show_life(&self) {
        let mut queue = self.shared.queue();
        if queue.state == State::Open && queue.waiting() == 0 && !queue.taken {
            wire::encode_alive(queue.rope.tail());
            queue.idle = false;
            self.shared.work.notify_one();
        }
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.shut();
    }
}
