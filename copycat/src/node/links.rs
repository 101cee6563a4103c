//! The transport's lanes, as the shard and the applier use them; and who may connect.

use super::founding::Founding;
use super::shard::Links;
use super::wire::{Formation, Message};
use crate::codec::cursor::Malformed;
use crate::codec::ids::MemberId;
use crate::request::reply::{Answers, Origin};
use crate::request::wire::results::{Answered, Results};
use crate::transport::gate::Gate;
use crate::transport::lane::PeerSender;
use crate::transport::sender::Sender;
use crate::transport::wire::{Hello, Identity, Refusal, Role};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The lanes to all other members.
#[derive(Clone, Debug)]
pub(super) struct PeerLinks {
    peers: BTreeMap<MemberId, PeerSender>,
    /// Those for whom something was queued in this turn.
    queued: BTreeSet<MemberId>,
}

impl PeerLinks {
    pub(super) fn new(peers: BTreeMap<MemberId, PeerSender>) -> PeerLinks {
        PeerLinks { peers, queued: BTreeSet::new() }
    }
}

impl Links for PeerLinks {
    fn send(&mut self, to: MemberId, message: Message) -> bool {
        let queued = self.peers.get(&to).is_some_and(|peer| peer.queue(message).is_ok());
        if queued {
            self.queued.insert(to);
        }
        queued
    }

    fn flush(&mut self) {
        while let Some(to) = self.queued.pop_first() {
            if let Some(peer) = self.peers.get(&to) {
                peer.write_queued();
            }
        }
    }
}

/// Answers go back on the connection that the requests came by, and on no other. Where they cannot, that connection
/// has ended, or ends by it: whoever asked learns that they are lost.
struct Back(Sender);

impl Answers for Back {
    fn send(&self, answers: Vec<Answered>) {
        if let Err(unsent) = self.0.send_now(Results(answers)) {
            tracing::debug!(%unsent, "answers are lost; whoever asked will count them as unknown");
        }
    }
}

/// Where requests that came by a connection get their answers.
pub(super) fn origin(connection: Sender) -> Origin {
    Origin(Arc::new(Back(connection)))
}

/// This member at its door. Shared between the node's loop and the tasks that open connections, which
/// run on the same thread: the lock is never waited for.
#[derive(Debug)]
pub(super) struct Door {
    me: MemberId,
    storage: u128,
    election_ms: u32,
    founding: Mutex<Founding>,
}

impl Door {
    pub(super) fn new(me: MemberId, storage: u128, election_timeout: Duration, founding: Founding) -> Door {
        let election_ms = u32::try_from(election_timeout.as_millis()).unwrap_or(u32::MAX);
        Door { me, storage, election_ms, founding: Mutex::new(founding) }
    }

    pub(super) fn founding(&self) -> MutexGuard<'_, Founding> {
        self.founding.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gate for Door {
    fn identity(&self) -> Identity {
        let founding = self.founding();
        let formation = founding.formation();
        Identity {
            member: self.me,
            storage: self.storage,
            election_ms: self.election_ms,
            cluster: formation.map_or(0, |formation| formation.cluster),
            bootstrap: formation.map(Formation::to_bootstrap).unwrap_or_default(),
        }
    }

    fn admit(&self, hello: &Hello) -> Result<(), Refusal> {
        match hello.role {
            Role::Member { id, storage, .. } => self.founding().judge(id, storage, hello.cluster),
            Role::Client => Ok(()),
        }
    }

    fn accept(&self, peer: MemberId, identity: &Identity) -> Result<(), Refusal> {
        formation_of(identity).map_err(|_| Refusal::Unreadable)?;
        self.founding().judge(peer, identity.storage, identity.cluster)
    }
}

/// The formation that a member tells of itself; `None` while it has none.
pub(super) fn formation_of(identity: &Identity) -> Result<Option<Formation>, Malformed> {
    if identity.cluster == 0 {
        return Ok(None);
    }
    Formation::from_bootstrap(identity.cluster, &identity.bootstrap).map(Some)
}
