//! A write of the journal, and the messages that leave when it is durable.
//!
//! Most messages of a follower wait for a flush: that it has stored entries, that it has voted. If such a message needs
//! no more than the write that is about to begin, it goes along with the write, and the thread that flushed sends it.
//! If the loop sent it, it would first have to take that thread's report, on a machine that may have other work.
//! (etcd's raft does the same, with the responses of an asynchronous storage write.)
//!
//! The contract is the same (see [`raft`](crate::raft), "Sends"): a message leaves once its token is durable. By then
//! the core may have advanced, even to another term, as it may while any message is in flight.

use super::super::applier::Work;
use super::super::wire::Message;
use super::peers::Links;
use crate::codec::ids::MemberId;
use crate::storage::{Preallocation, Write, Written};

/// A write, and the messages that wait for it and for nothing else.
#[derive(Debug)]
#[must_use = "nothing else is written until this is"]
pub(crate) struct FlushTask {
    write: Write,
    messages: Vec<(MemberId, Message)>,
}

impl FlushTask {
    /// Creates the flush task of a write, and of the messages to send when it is durable.
    pub(super) fn new(write: Write, messages: Vec<(MemberId, Message)>) -> FlushTask {
        FlushTask { write, messages }
    }

    /// Creates a flush task without messages.
    pub(crate) fn without_messages(write: Write) -> FlushTask {
        FlushTask { write, messages: Vec::new() }
    }

    /// Returns whether the flush task is too short for a thread, because the disk is memory.
    pub(crate) fn is_instant(&self) -> bool {
        self.write.is_instant()
    }

    /// Writes and flushes, which blocks as long as the disk does. Then sends the messages, unless the write failed.
    pub(crate) fn run(self, links: &mut dyn Links) -> Written {
        let written = self.write.run();
        if written.is_durable() && !self.messages.is_empty() {
            for (to, message) in self.messages {
                // A message that the connection refuses is lost, as any message may be.
                links.send(to, message);
            }
            links.flush();
        }
        written
    }
}

/// The jobs that a turn leaves for other threads.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    /// The work for the applier, in order.
    pub work: Vec<Work>,
    /// The next write, for the flusher.
    pub flush: Option<FlushTask>,
    /// The next preallocation of segments, for the preallocator.
    pub preallocation: Option<Preallocation>,
}
