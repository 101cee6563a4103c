//! The outgoing side of a process: the messages that its shard and its applier send, in order.

use super::chance::chance;
use crate::codec::ids::MemberId;
use crate::node::shard::Links;
use crate::node::wire::Message;
use crate::request::reply::{Answers, Origin};
use crate::request::wire::results::{Answered, Results};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A connection of a process. Numbers are never reused.
pub(super) type Connection = u64;

/// A message that was sent.
#[derive(Debug)]
pub(super) struct Sent {
    pub to: MemberId,
    pub message: Message,
    /// The connection that carries it: one of the sender's, or, for answers, one of the requester's.
    pub connection: Connection,
}

/// The port of a process, shared with the cluster, which takes the sent messages after each step.
#[derive(Clone, Debug)]
pub(super) struct Port {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    open: BTreeMap<MemberId, Connection>,
    next: Connection,
    sent: Vec<Sent>,
    /// Per mille of messages that do not fit a queue, and the number refused since the last `take_sent`.
    crowding: u32,
    refused: u64,
    random: fastrand::Rng,
}

impl Port {
    /// Creates the port of a member's process number `life`. Connections of different lives have different numbers.
    /// `crowding` of a thousand messages do not fit a queue.
    pub(super) fn new(life: u64, crowding: u32, seed: u64) -> Port {
        let (open, sent, random) = (BTreeMap::new(), Vec::new(), fastrand::Rng::with_seed(seed));
        let shared = Shared { open, next: life << 32, sent, crowding, refused: 0, random };
        Port { shared: Arc::new(Mutex::new(shared)) }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens or closes the connection to `peer`. Returns whether that changed its state.
    pub(super) fn set_open(&self, peer: MemberId, open: bool) -> bool {
        let mut shared = self.shared();
        let connection = shared.next;
        if !open {
            return shared.open.remove(&peer).is_some();
        }
        shared.next += 1;
        shared.open.insert(peer, connection).is_none()
    }

    /// Returns the connection to `peer`, if there is one.
    pub(super) fn connection(&self, peer: MemberId) -> Option<Connection> {
        self.shared().open.get(&peer).copied()
    }

    /// Returns whether nothing was sent since the last `take_sent`.
    pub(super) fn is_quiet(&self) -> bool {
        self.shared().sent.is_empty()
    }

    /// Returns the messages sent since the last call, and the number of refused ones.
    pub(super) fn take_sent(&self) -> (Vec<Sent>, u64) {
        let mut shared = self.shared();
        (std::mem::take(&mut shared.sent), std::mem::take(&mut shared.refused))
    }

    /// Lets every message fit from now on.
    pub(super) fn free_queues(&self) {
        self.shared().crowding = 0;
    }

    /// Returns the destination of answers to requests that came by a connection of `peer`: that same connection.
    pub(super) fn origin(&self, peer: MemberId, connection: Connection) -> Origin {
        Origin(Arc::new(Back { port: self.clone(), peer, connection }))
    }
}

impl Links for Port {
    fn send(&mut self, to: MemberId, message: Message) -> bool {
        let mut shared = self.shared();
        let Some(connection) = shared.open.get(&to).copied() else { return false };
        let crowding = shared.crowding;
        if chance(&mut shared.random, crowding) {
            shared.refused += 1;
            return false;
        }
        shared.sent.push(Sent { to, message, connection });
        true
    }

    /// Does nothing: the cluster takes the sent messages after each step.
    fn flush(&mut self) {}
}

struct Back {
    port: Port,
    peer: MemberId,
    connection: Connection,
}

impl Answers for Back {
    fn send(&self, answers: Vec<Answered>) {
        let message = Message::Results(Results(answers));
        self.port.shared().sent.push(Sent { to: self.peer, message, connection: self.connection });
    }

    fn connection_key(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}
