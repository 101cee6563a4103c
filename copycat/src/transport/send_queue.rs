//! The writer's end of a connection's send queue.

use super::closed::Closed;
use super::network::Direct;
use super::queue::{Overflow, Shared, State};
use super::sender::Sender;
use super::wire::hello::encode_alive;
use super::write_buffer::Chunk;
use std::sync::Arc;

/// Creates the two ends of a queue that is still shut.
pub(crate) fn send_queue(bytes_max: usize, overflow: Overflow) -> (Sender, SendQueueReader) {
    let shared = Arc::new(Shared::new(bytes_max, overflow));
    (Sender::new(Arc::clone(&shared)), SendQueueReader { shared })
}

/// The queue's end in the task that serves the connection. Dropping it shuts the queue.
pub(crate) struct SendQueueReader {
    shared: Arc<Shared>,
}

impl SendQueueReader {
    /// Opens the queue: there is a connection, and messages are accepted from now on.
    pub(super) fn open(&self) {
        self.shared.queue().state = State::Open;
    }

    /// Allows other threads to write directly to the network while the writer is idle.
    pub(super) fn allow(&self, direct: Option<Arc<dyn Direct>>) {
        self.shared.queue().direct = direct;
    }

    /// Shuts the queue: the connection is gone, with everything queued. Returns whether it was being drained.
    pub(super) fn shut(&self) -> bool {
        let mut queue = self.shared.queue();
        let draining = queue.state == State::Draining;
        queue.state = State::Shut;
        queue.buffer.clear();
        queue.writing = 0;
        queue.moved = false;
        queue.idle = false;
        queue.connection += 1;
        queue.direct = None;
        queue.taken = false;
        queue.rest = Chunk::default();
        draining
    }

    /// Waits for something to write and moves it into `batch`: the rest of a direct write if there is one, otherwise
    /// all that is queued. `batch` must be empty: everything that was handed out before has been written. Returns false
    /// when the queue is drained.
    pub(super) async fn next(&self, batch: &mut Chunk) -> bool {
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

    /// Records that the network accepted `count` bytes of what was handed out.
    pub(super) fn wrote(&self, count: usize) {
        let mut queue = self.shared.queue();
        queue.writing = queue.writing.saturating_sub(count);
        queue.moved = true;
    }

    /// Returns whether too much waits although the other end accepted nothing since the last call.
    pub(super) fn is_stuck(&self) -> bool {
        let mut queue = self.shared.queue();
        let moved = std::mem::take(&mut queue.moved);
        match queue.overflow {
            Overflow::Refuse => false,
            Overflow::Disconnect { idle_max } => !moved && queue.waiting() > idle_max,
        }
    }

    /// Waits until the connection is cut, and returns why.
    pub(super) async fn disconnected(&self) -> Closed {
        loop {
            if let State::Disconnecting(why) = &self.shared.queue().state {
                return why.clone();
            }
            self.shared.disconnect.notified().await;
        }
    }

    /// Queues a ping, unless something is waiting that shows life as well.
    pub(super) fn show_life(&self) {
        let mut queue = self.shared.queue();
        if queue.state == State::Open && queue.waiting() == 0 && !queue.taken {
            encode_alive(queue.buffer.tail());
            queue.idle = false;
            self.shared.work.notify_one();
        }
    }
}

impl Drop for SendQueueReader {
    fn drop(&mut self) {
        self.shut();
    }
}
