//! A lane to one peer: dialed, kept open, dialed again.

use super::endpoint::Endpoint;
use super::outbox::{Sender, Unsent};
use super::wire::{LaneKind, Message};
use crate::codec::ids::MemberId;

/// One dialed connection to a peer. Dropping it cuts the connection without flushing.
pub(crate) struct Lane {
    sender: Sender,
}

impl Lane {
    fn dial(endpoint: &Endpoint, peer: MemberId, kind: LaneKind, address: &str) -> Lane {
        unimplemented!("{peer} {kind:?} {address} {:?}", endpoint.limits)
    }

    /// Stops dialing, writes what is queued within the limits' linger, and ends the task.
    pub(crate) async fn close(self) {}
}

/// Both lanes to one peer.
pub(crate) struct Peer {
    control: Lane,
    bulk: Lane,
}

impl Peer {
    pub(super) fn dial(endpoint: &Endpoint, peer: MemberId, address: &str) -> Peer {
        Peer {
            control: Lane::dial(endpoint, peer, LaneKind::Control, address),
            bulk: Lane::dial(endpoint, peer, LaneKind::Bulk, address),
        }
    }

    /// The way to the peer.
    pub(crate) fn sender(&self) -> PeerSender {
        PeerSender { control: self.control.sender.clone(), bulk: self.bulk.sender.clone() }
    }

    /// Closes both lanes in order.
    pub(crate) async fn close(self) {
        tokio::join!(self.control.close(), self.bulk.close());
    }
}

/// The way to one peer, from any thread.
#[derive(Clone, Debug)]
pub(crate) struct PeerSender {
    control: Sender,
    bulk: Sender,
}

impl PeerSender {
    /// Queues a message on its lane. See [`Sender::send`].
    pub(crate) fn send(&self, message: Message) -> Result<(), Unsent> {
        match message.lane() {
            LaneKind::Control => self.control.send(message),
            LaneKind::Bulk => self.bulk.send(message),
        }
    }
}
