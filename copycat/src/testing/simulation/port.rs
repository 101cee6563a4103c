//! A process's way out: what its shard and its applier hand over for sending, in order.

use crate::codec::ids::MemberId;
use crate::node::shard::Links;
use crate::node::wire::Message;
use crate::request::reply::{Answers, Origin};
use crate::request::wire::results::{Answered, Results};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One of a process's connections, among all there ever were.
pub(super) type Connection = u64;

/// A message that was handed over.
#[derive(Debug)]
pub(super) struct Sent {
    pub to: MemberId,
    pub message: Message,
    /// What carries it: one of the sender's, or, for answers, of whoever asked.
    pub connection: Connection,
}

/// Shared by the process's parts and the cluster, which takes what was sent after each step.
#[derive(Clone, Debug)]
pub(super) struct Port {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    open: BTreeMap<MemberId, Connection>,
    next: Connection,
    sent: Vec<Sent>,
}

impl Port {
    /// Of a member's process number `life`: no connection is ever taken for one of another life.
    pub(super) fn new(life: u64) -> Port {
        let shared = Shared { open: BTreeMap::new(), next: life << 32, sent: Vec::new() };
        Port { shared: Arc::new(Mutex::new(shared)) }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is a connection to `peer`, or there is none any more. Returns whether that is news.
    pub(super) fn set_open(&self, peer: MemberId, open: bool) -> bool {
        let mut shared = self.shared();
        let connection = shared.next;
        if !open {
            return shared.open.remove(&peer).is_some();
        }
        shared.next += 1;
        shared.open.insert(peer, connection).is_none()
    }

    /// The connection to `peer`, if there is one.
    pub(super) fn connection(&self, peer: MemberId) -> Option<Connection> {
        self.shared().open.get(&peer).copied()
    }

    /// Whether nothing was sent since it was last taken.
    pub(super) fn is_quiet(&self) -> bool {
        self.shared().sent.is_empty()
    }

    /// What was sent since the last call.
    pub(super) fn take_sent(&self) -> Vec<Sent> {
        std::mem::take(&mut self.shared().sent)
    }

    /// Where answers to requests go that came by a connection of `peer`: back on it.
    pub(super) fn origin(&self, peer: MemberId, connection: Connection) -> Origin {
        Origin(Arc::new(Back { port: self.clone(), peer, connection }))
    }
}

impl Links for Port {
    fn send(&mut self, to: MemberId, message: Message) -> bool {
        let mut shared = self.shared();
        let open = shared.open.get(&to).copied();
        if let Some(connection) = open {
            shared.sent.push(Sent { to, message, connection });
        }
        open.is_some()
    }

    /// The cluster looks after each step.
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
}
