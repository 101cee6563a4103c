//! The registry of accepted connections, and of callers in their handshake.

use super::closed::Closed;
use super::sender::Sender;
use super::wire::{CallerKind, Priority, Refusal};
use crate::codec::ids::MemberId;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::task::AbortHandle;

/// All connections that came in by one address.
#[derive(Debug, Default)]
pub(super) struct Callers {
    lists: Mutex<Lists>,
}

#[derive(Debug, Default)]
struct Lists {
    /// Connections so far; each has its own number.
    counted: u64,
    /// Callers in their handshake, by number; the lowest is the oldest.
    arriving: BTreeMap<u64, AbortHandle>,
    members: BTreeMap<(MemberId, Priority), Inside>,
    clients: BTreeMap<u64, Sender>,
    /// Set once the address is given up: no further caller is accepted.
    dismissed: bool,
}

/// An accepted connection of a member.
#[derive(Debug)]
struct Inside {
    number: u64,
    disk_id: u128,
    sender: Sender,
}

impl Callers {
    fn lists(&self) -> MutexGuard<'_, Lists> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers an arrival, for which `start` spawns a task. If `arriving_max` were arriving already, aborts
    /// the oldest of them and returns its number.
    pub(super) fn arrive(&self, arriving_max: usize, start: impl FnOnce(u64) -> AbortHandle) -> Option<u64> {
        // The lock is held until the task is listed, so that the task cannot remove its entry before.
        let mut lists = self.lists();
        lists.counted += 1;
        let number = lists.counted;
        let evicted = if lists.arriving.len() >= arriving_max { lists.arriving.pop_first() } else { None };
        lists.arriving.insert(number, start(number));
        drop(lists);
        evicted.map(|(number, task)| {
            task.abort();
            number
        })
    }

    /// Accepts no further caller. Remote handles still get what is queued for them; members and handshakes are
    /// cut.
    pub(super) fn dismiss(&self) {
        let mut lists = self.lists();
        lists.dismissed = true;
        lists.arriving.values().for_each(AbortHandle::abort);
        lists.members.values().for_each(|member| member.sender.disconnect(Closed::Stopped));
        for client in lists.clients.values() {
            client.drain();
        }
    }
}

/// The registration of a connection, removed when this is dropped.
#[derive(Debug)]
pub(super) struct ConnectionGuard<'a> {
    callers: &'a Callers,
    number: u64,
}

impl<'a> ConnectionGuard<'a> {
    /// Creates the guard of a connection that has arrived.
    pub(super) fn new(callers: &'a Callers, number: u64) -> ConnectionGuard<'a> {
        ConnectionGuard { callers, number }
    }

    /// Returns the connection's number, which is never reused.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Registers an accepted connection; its arrival ends. An older connection of the same member and priority
    /// is cut, since the member has given it up. A different disk id means a different process. Before
    /// bootstrap (not `formed`), the new connection is refused then. After bootstrap, admission has checked the
    /// new disk id, so the older process is the wrong one and its connection is cut.
    pub(super) fn enter(
        &self,
        role: &CallerKind,
        formed: bool,
        sender: &Sender,
        clients_max: usize,
    ) -> Result<(), Refusal> {
        let mut lists = self.callers.lists();
        lists.arriving.remove(&self.number);
        if lists.dismissed {
            return Err(Refusal::TooManyConnections);
        }
        match *role {
            CallerKind::Member { id, disk_id, priority, .. } => {
                if let Some(earlier) = lists.members.get(&(id, priority)) {
                    if earlier.disk_id != disk_id && !formed {
                        return Err(Refusal::DuplicateMember);
                    }
                    earlier.sender.disconnect(Closed::Replaced);
                }
                let inside = Inside { number: self.number, disk_id, sender: sender.clone() };
                lists.members.insert((id, priority), inside);
            }
            CallerKind::Client if lists.clients.len() >= clients_max => {
                return Err(Refusal::TooManyConnections);
            }
            CallerKind::Client => {
                lists.clients.insert(self.number, sender.clone());
            }
        }
        Ok(())
    }
}

impl Drop for ConnectionGuard<'_> {
    fn drop(&mut self) {
        let mut lists = self.callers.lists();
        lists.arriving.remove(&self.number);
        lists.clients.remove(&self.number);
        lists.members.retain(|_, member| member.number != self.number);
    }
}
