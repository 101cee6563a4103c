//! A write of the journal, and what may be said as soon as it is durable.
//!
//! Most of what a follower says waits for a flush: that it has stored entries, that it gave its vote. If such a message
//! needs no more than the write that is about to begin, it goes along with it, and leaves from the thread that flushed;
//! through the loop it would wait for that thread's report to be taken up first, on a machine that may have other
//! things to do. (etcd's raft does the same, with the responses of an asynchronous storage write.)
//!
//! It is the same promise either way, which is in [`raft`](crate::raft), "Sends": a message leaves once its token is
//! durable. The core may have moved on when it does, to another term even, as it may while any message is on its way.

use super::super::applier::Work;
use super::super::wire::Message;
use super::peers::Links;
use crate::codec::ids::MemberId;
use crate::storage::{Preparation, Write, Written};

/// A write, and the messages that wait for it and for nothing else.
#[derive(Debug)]
#[must_use = "nothing else is written until this is"]
pub(crate) struct Save {
    write: Write,
    messages: Vec<(MemberId, Message)>,
}

impl Save {
    /// A write, and what is to be said when it is durable.
    pub(super) fn new(write: Write, messages: Vec<(MemberId, Message)>) -> Save {
        Save { write, messages }
    }

    /// A write that nobody waits for.
    pub(crate) fn silent(write: Write) -> Save {
        Save { write, messages: Vec::new() }
    }

    /// Whether it takes no time worth a thread: the disk is memory.
    pub(crate) fn is_instant(&self) -> bool {
        self.write.is_instant()
    }

    /// Writes and flushes, which blocks as long as the disk does; then sends, unless that failed.
    pub(crate) fn run(self, links: &mut dyn Links) -> Written {
        let written = self.write.run();
        if written.is_durable() && !self.messages.is_empty() {
            for (to, message) in self.messages {
                // One that is refused is lost, as any may be.
                links.send(to, message);
            }
            links.flush();
        }
        written
    }
}

/// What a turn leaves for others to do.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// For the applier, in this order.
    pub work: Vec<Work>,
    /// For the flusher.
    pub save: Option<Save>,
    /// For the preparer.
    pub preparation: Option<Preparation>,
}
