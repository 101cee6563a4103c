//! The resources that are open on this member, and what is announced of their commands to the other members.
//!
//! Nothing is announced while what is on record is what this program has: it is in every member's log. A member whose
//! program has other commands says so to all others, when it opens the resource, to each new connection, and repeatedly
//! while that lasts, because a message may be lost.

use super::super::wire::{Announcement, Message};
use super::announcements::Announcements;
use super::open_resource::{OpenResource, RecordState};
use super::peers::Peers;
use crate::codec::ids::{GroupId, MemberId};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// The pause between two announcements of the same commands.
const ANNOUNCEMENT_INTERVAL: Duration = Duration::from_secs(1);

/// The open resources, and what is known of them on other members.
#[derive(Debug, Default)]
pub(super) struct Resources {
    open: BTreeMap<String, Arc<OpenResource>>,
    /// What the other members have announced.
    pub heard: Announcements,
    /// The resources whose commands are announced.
    announced: BTreeSet<String>,
    next_announcement: Duration,
}

impl Resources {
    /// Returns the resource of this name, if it is open here.
    pub(super) fn get(&self, name: &str) -> Option<&Arc<OpenResource>> {
        self.open.get(name)
    }

    /// Adds a resource that was opened. Its commands are announced if they are not on record yet.
    pub(super) fn insert(
        &mut self,
        now: Duration,
        resource: Arc<OpenResource>,
        state: RecordState,
        peers: &mut Peers,
    ) {
        if state != RecordState::Same {
            if self.announced.is_empty() {
                self.next_announcement = now + ANNOUNCEMENT_INTERVAL;
            }
            announce_to_all(&resource, state, peers);
            self.announced.insert(resource.name.clone());
        }
        self.heard.compare(&resource);
        let before = self.open.insert(resource.name.clone(), resource);
        assert!(before.is_none(), "a resource is opened once");
    }

    /// Removes the resource with these groups, and tells the others that it is not open any more.
    pub(super) fn remove(&mut self, groups: &[GroupId], peers: &mut Peers) {
        for (name, resource) in self.open.extract_if(.., |_, resource| resource.groups == groups) {
            if self.announced.remove(&name) {
                announce_to_all(&resource, RecordState::Conflict, peers);
            }
        }
    }

    /// Takes what another member has announced. Returns the groups for which that is new.
    pub(super) fn take_announcement(
        &mut self,
        now: Duration,
        from: MemberId,
        announcement: Announcement,
    ) -> &[GroupId] {
        let own = self.open.get(&announcement.resource);
        let name = announcement.resource.clone();
        match self.heard.take(now, from, announcement, own.map(|own| &**own)) {
            Ok(true) => own.map_or(&[], |own| &own.groups),
            Ok(false) => &[],
            Err(error) => {
                tracing::warn!(%from, resource = name, %error, "the commands that a member announces cannot be read");
                &[]
            }
        }
    }

    /// Returns the time at which [`announce`](Self::announce) has work.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let announcement = (!self.announced.is_empty()).then_some(self.next_announcement);
        announcement.into_iter().chain(self.heard.deadline()).min()
    }

    /// Lets the next [`announce`](Self::announce) consider a resource, because another record was committed.
    pub(super) fn announce_again(&mut self, name: &str) {
        assert!(self.open.contains_key(name), "what is announced is open");
        if !self.announced.contains(name) {
            self.next_announcement = Duration::ZERO;
            self.announced.insert(name.to_owned());
        }
    }

    /// Announces, if it is time, the commands of each resource for which that is of use: `state` says for which. Forgets
    /// what other members no longer say.
    pub(super) fn announce(
        &mut self,
        now: Duration,
        state: impl Fn(&OpenResource) -> RecordState,
        peers: &mut Peers,
    ) {
        self.heard.expire(now);
        if self.announced.is_empty() || now < self.next_announcement {
            return;
        }
        self.next_announcement = now + ANNOUNCEMENT_INTERVAL;
        let open = &self.open;
        self.announced.retain(|name| {
            let resource = &open[name];
            let state = state(resource);
            if state != RecordState::Same {
                announce_to_all(resource, state, peers);
            }
            state != RecordState::Same
        });
    }

    /// Announces the commands to a member to which there is a new connection.
    pub(super) fn announce_to(
        &self,
        peer: MemberId,
        state: impl Fn(&OpenResource) -> RecordState,
        peers: &mut Peers,
    ) {
        for resource in self.announced.iter().map(|name| &self.open[name]) {
            announce(peer, resource, state(resource), peers);
        }
    }
}

/// Tells every connected member what [`announce`] tells one.
fn announce_to_all(resource: &OpenResource, state: RecordState, peers: &mut Peers) {
    for peer in peers.connected() {
        announce(peer, resource, state, peers);
    }
}

/// Tells a member what this program has for a resource, or that it takes no part. If the message does not fit its queue
/// it is lost, and the next one makes up for it.
fn announce(to: MemberId, resource: &OpenResource, state: RecordState, peers: &mut Peers) {
    let schema = if state == RecordState::Conflict { Bytes::new() } else { resource.encoded.clone() };
    let (name, partitions) = (resource.name.clone(), resource.groups.len() as u32);
    peers.send(to, Message::Announcement(Announcement { resource: name, partitions, schema }));
}
