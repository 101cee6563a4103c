//! The status streams of a member, for listeners in this process and in remote handles.
//!
//! There is one topic: the status of a resource's partitions. A listener gets the present status of each partition, and
//! then what has changed. The owner looks every 20 ms, so what changed and changed back in between is not reported. A
//! slow listener has a bounded queue of changes, which it gets in order. While that is full, a newer status replaces an
//! older one, and the listener gets the newest when it has taken some.

use super::shard::{GroupStatus, Shard};
use crate::codec::ids::{GroupId, MemberId};
use crate::raft::effect;
use crate::request::status::{Health, PartitionStatus, Role, Subscription};
use crate::stream::server::{ReaderFault, ServerEvent, StreamServer};
use crate::stream::topic;
use crate::stream::wire::{EndReason, Item, Open, StreamId, ToServer};
use crate::transport::closed::Closed;
use crate::transport::sender::{Sender, Unsent};
use std::collections::BTreeMap;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

/// All listeners.
#[derive(Debug)]
pub(super) struct Streams {
    me: MemberId,
    /// The streams of remote handles, by the number of the connection.
    handles: BTreeMap<u64, Handle>,
    /// Whether any remote handle has a listener: the loop needs this in every turn.
    handles_listen: bool,
    here: Vec<(mpsc::Sender<PartitionStatus>, Subscriber)>,
}

/// The connection of a remote handle.
#[derive(Debug)]
struct Handle {
    replies: Sender,
    server: StreamServer,
    listeners: BTreeMap<StreamId, Subscriber>,
}

/// A listener to the partitions of a resource.
#[derive(Debug)]
struct Subscriber {
    groups: Vec<GroupId>,
    /// The last status that was sent for each partition.
    sent: Vec<Option<PartitionStatus>>,
    /// The position of the last item in the stream.
    position: u64,
}

impl Subscriber {
    fn new(groups: &[GroupId]) -> Subscriber {
        Subscriber { groups: groups.to_vec(), sent: vec![None; groups.len()], position: 0 }
    }

    /// Tells what has changed, until `tell` returns `false`.
    fn tell(&mut self, me: MemberId, shard: &Shard, mut tell: impl FnMut(u64, PartitionStatus) -> bool) {
        for (at, group) in self.groups.iter().enumerate() {
            let Some(status) = shard.group_status(*group) else { continue };
            let status = partition_status(me, at as u32, &status);
            if self.sent[at] != Some(status) {
                if !tell(self.position + 1, status) {
                    return;
                }
                self.position += 1;
                self.sent[at] = Some(status);
            }
        }
    }
}

fn partition_status(me: MemberId, partition: u32, status: &GroupStatus) -> PartitionStatus {
    let role = match status.raft.role {
        effect::Role::Follower => Role::Follower,
        effect::Role::PreCandidate | effect::Role::Candidate => Role::Candidate,
        effect::Role::Leader => Role::Leader,
    };
    let health = match status.raft.leader {
        _ if status.halted => Health::Halted,
        Some(_) => Health::Healthy,
        None => Health::NoLeader,
    };
    let leader = status.raft.leader.map(|leader| leader.0);
    PartitionStatus { partition, leader, term: status.raft.term, member: me.0, role, health }
}

impl Streams {
    pub(super) fn new(me: MemberId) -> Streams {
        Streams { me, handles: BTreeMap::new(), handles_listen: false, here: Vec::new() }
    }

    /// Returns whether there are no listeners.
    pub(super) fn is_empty(&self) -> bool {
        self.here.is_empty() && !self.handles_listen
    }

    /// Adds a listener of this process. A resource that is not open here has no listeners.
    pub(super) fn watch(&mut self, watch: Subscription, shard: &Shard) {
        if let Some(resource) = shard.resource(&watch.resource) {
            self.here.push((watch.sink, Subscriber::new(&resource.groups)));
            self.tell_here(shard);
        }
    }

    /// Handles a message of a remote handle about its streams.
    pub(super) fn take(&mut self, client: u64, replies: &Sender, message: ToServer, shard: &Shard) {
        let handle = self.handles.entry(client).or_insert_with(|| Handle {
            replies: replies.clone(),
            server: StreamServer::default(),
            listeners: BTreeMap::new(),
        });
        match handle.take(message, shard) {
            Ok(()) => handle.tell(self.me, shard),
            Err(fault) => {
                // The transport warns about the closed connection, at a limited rate.
                tracing::debug!(connection = client, %fault, "no stream is used like that");
                handle.replies.disconnect(Closed::Misused);
                self.handles.remove(&client);
            }
        }
        self.see_who_listens();
    }

    /// Removes the streams of a remote handle whose connection has ended.
    pub(super) fn gone(&mut self, client: u64) {
        if self.handles.remove(&client).is_some() {
            self.see_who_listens();
        }
    }

    fn see_who_listens(&mut self) {
        self.handles_listen = self.handles.values().any(|handle| !handle.listeners.is_empty());
    }

    /// Tells all listeners what has changed since the last call. Costs nothing while there are none.
    pub(super) fn tick(&mut self, shard: &Shard) {
        self.tell_here(shard);
        self.handles.values_mut().for_each(|handle| handle.tell(self.me, shard));
    }

    fn tell_here(&mut self, shard: &Shard) {
        let me = self.me;
        self.here.retain_mut(|(sink, listener)| {
            let mut listens = !sink.is_closed();
            listener.tell(me, shard, |_, status| match sink.try_send(status) {
                Ok(()) => true,
                Err(TrySendError::Full(_)) => false,
                Err(TrySendError::Closed(_)) => {
                    listens = false;
                    false
                }
            });
            listens
        });
    }
}

impl Handle {
    fn take(&mut self, message: ToServer, shard: &Shard) -> Result<(), ReaderFault> {
        match self.server.take(message)? {
            ServerEvent::Opened(Open { stream, topic: topic::STATUS, subject, .. }) => {
                let name = std::str::from_utf8(&subject).ok();
                match name.and_then(|name| shard.resource(name)) {
                    Some(resource) => drop(self.listeners.insert(stream, Subscriber::new(&resource.groups))),
                    None => self.server.end(stream, EndReason::UnknownSubject),
                }
            }
            ServerEvent::Opened(Open { stream, .. }) => self.server.end(stream, EndReason::UnknownTopic),
            ServerEvent::Cancelled(stream) => drop(self.listeners.remove(&stream)),
            ServerEvent::More(_) | ServerEvent::Nothing => {}
        }
        Ok(())
    }

    /// Publishes what has changed, and sends what the reader's credit allows.
    fn tell(&mut self, me: MemberId, shard: &Shard) {
        for (stream, listener) in &mut self.listeners {
            let server = &mut self.server;
            listener.tell(me, shard, |position, status| {
                let takes = server.takes(*stream);
                if takes {
                    server.publish(*stream, Item { position, body: status.encode() });
                }
                takes
            });
        }
        while let Some(message) = self.server.next() {
            match self.replies.queue(message) {
                Ok(()) => {}
                Err(Unsent::Invalid) => debug_assert!(false, "a status is short"),
                // The connection has ended or ends because of this. The reader notices that, and opens another one.
                Err(Unsent::Disconnected | Unsent::Full) => break,
            }
        }
        self.replies.write_queued();
    }
}
