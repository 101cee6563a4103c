//! The transport's connections, as the shard and the applier use them.

use super::shard::Links;
use super::wire::Message;
use crate::codec::ids::MemberId;
use crate::request::reply::{Answers, Origin};
use crate::request::wire::results::{Answered, Results};
use crate::transport::peer::PeerSender;
use crate::transport::sender::Sender;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The connections to all other members.
#[derive(Clone, Debug)]
pub(super) struct PeerLinks {
    peers: BTreeMap<MemberId, PeerSender>,
    /// The members for which messages were queued in this turn.
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

/// The return path of answers: the connection that the requests came by. If an answer cannot be sent, that connection
/// has ended or ends because of it, and the caller learns that the answer is lost.
struct Back(Sender);

impl Answers for Back {
    fn send(&self, answers: Vec<Answered>) {
        if let Err(unsent) = self.0.send_now(Results(answers)) {
            tracing::debug!(%unsent, "answers are lost; whoever asked will count them as unknown");
        }
    }

    fn connection_key(&self) -> usize {
        self.0.connection_key()
    }
}

/// Returns the origin for requests that came by `connection`.
pub(super) fn origin(connection: Sender) -> Origin {
    Origin(Arc::new(Back(connection)))
}
