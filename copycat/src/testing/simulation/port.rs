//! A process's way out: what its shard and its applier hand over for sending, in order.

use super::chance::chance;
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
    /// Per mille of messages that find no room, and how many have not since that was last asked.
    crowding: u32,
    refused: u64,
    random: fastrand::Rng,
}

impl Port {
    /// Of a member's process number `life`: no connection is ever taken for one of another life. `crowding` of a
    /// thousand messages find no room.
    pub(super) fn new(life: u64, crowding: u32, seed: u64) -> Port {
        let (open, sent, random) = (BTreeMap::new(), Vec::new(), fastrand::Rng::with_seed(seed));
        let shared = Shared { open, next: life << 32, sent, crowding, refused: 0, random };
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

    /// What was sent since the last call, and how many messages were refused.
    pub(super) fn take_sent(&self) -> (Vec<Sent>, u64) {
        let mut shared = self.shared();
        (std::mem::take(&mut shared.sent), std::mem::take(&mut shared.refused))
    }

    /// From now on there is room for everything.
    pub(super) fn make_room(&self) {
        self.shared().crowding = 0;
    }

    /// Where answers to requests go that came by a connection of `peer`: back on it.
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
