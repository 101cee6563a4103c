//! A process's way out: what its shard and its applier hand over for sending, in order.

use crate::codec::ids::MemberId;
use crate::node::reply::{Answers, Origin};
use crate::node::shard::Links;
use crate::transport::wire::{Answered, Message};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Shared by the process's parts and the cluster, which takes what was sent after each step.
#[derive(Clone, Debug, Default)]
pub(super) struct Port {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    open: BTreeSet<MemberId>,
    sent: Vec<(MemberId, Message)>,
}

impl Port {
    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is a connection to `peer`, or there is none any more. Returns whether that is news.
    pub(super) fn set_open(&self, peer: MemberId, open: bool) -> bool {
        let mut shared = self.shared();
        if open { shared.open.insert(peer) } else { shared.open.remove(&peer) }
    }

    /// Whether there is a connection to `peer`.
    pub(super) fn is_open(&self, peer: MemberId) -> bool {
        self.shared().open.contains(&peer)
    }

    /// What was sent since the last call.
    pub(super) fn take_sent(&self) -> Vec<(MemberId, Message)> {
        std::mem::take(&mut self.shared().sent)
    }

    /// Where answers to requests of `peer` go: by the connection there is when they are ready.
    pub(super) fn origin(&self, peer: MemberId) -> Origin {
        Origin(Arc::new(AnswersTo { port: self.clone(), peer }))
    }
}

impl Links for Port {
    fn send(&mut self, to: MemberId, message: Message) -> bool {
        let mut shared = self.shared();
        let open = shared.open.contains(&to);
        if open {
            shared.sent.push((to, message));
        }
        open
    }

    /// The cluster looks after each step.
    fn flush(&mut self) {}
}

struct AnswersTo {
    port: Port,
    peer: MemberId,
}

impl Answers for AnswersTo {
    fn send(&self, answers: Vec<Answered>) {
        self.port.clone().send_answers(self.peer, answers);
    }
}

impl Port {
    fn send_answers(&mut self, to: MemberId, answers: Vec<Answered>) {
        // Without a connection they are lost, and their peer counts them as unknown.
        let _sent = self.send(to, Message::Results(answers));
    }
}
