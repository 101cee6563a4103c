//! Who was let in, and who is in the handshake.

use super::closed::Closed;
use super::sender::Sender;
use super::wire::{Priority, Refusal, Role};
use crate::codec::ids::MemberId;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::task::AbortHandle;

/// Everyone who came in by one address.
#[derive(Debug, Default)]
pub(super) struct Callers {
    lists: Mutex<Lists>,
}

#[derive(Debug, Default)]
struct Lists {
    /// Connections so far: each has a number of its own.
    counted: u64,
    /// In their handshake; the lowest number has been for the longest.
    arriving: BTreeMap<u64, AbortHandle>,
    members: BTreeMap<(MemberId, Priority), Inside>,
    clients: BTreeMap<u64, Sender>,
    /// The address is being given up: nobody is let in any more.
    dismissed: bool,
}

/// A member that was let in.
#[derive(Debug)]
struct Inside {
    number: u64,
    storage: u128,
    sender: Sender,
}

impl Callers {
    fn lists(&self) -> MutexGuard<'_, Lists> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes an arrival, for which `start` begins a task. Returns the number of the one that had to go,
    /// if `arriving_max` were arriving already.
    pub(super) fn arrive(&self, arriving_max: usize, start: impl FnOnce(u64) -> AbortHandle) -> Option<u64> {
        // The lock is held until the task is listed, so that it can not be gone before.
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

    /// Lets nobody in any more; remote handles get what is queued for them, members are cut.
    pub(super) fn dismiss(&self) {
        let mut lists = self.lists();
        lists.dismissed = true;
        lists.arriving.values().for_each(AbortHandle::abort);
        lists.members.values().for_each(|member| member.sender.cut(Closed::Stopped));
        for client in lists.clients.values() {
            client.drain();
        }
    }
}

/// A connection's entry in the lists, taken out when it is dropped.
#[derive(Debug)]
pub(super) struct ConnectionGuard<'a> {
    callers: &'a Callers,
    number: u64,
}

impl<'a> ConnectionGuard<'a> {
    /// Of a connection that has arrived.
    pub(super) fn new(callers: &'a Callers, number: u64) -> ConnectionGuard<'a> {
        ConnectionGuard { callers, number }
    }

    /// The connection's number, never used again.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Ends the arrival: the caller is in. A member's earlier connection on the same priority is cut, since the
    /// member has given it up; unless another storage is behind it, which makes it another process. Once the
    /// cluster is `formed` it is known whose storage is the right one, and nobody else gets as far as here: then
    /// the earlier process is the wrong one, and goes.
    pub(super) fn enter(
        &self,
        role: &Role,
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
            Role::Member { id, storage, priority, .. } => {
                if let Some(earlier) = lists.members.get(&(id, priority)) {
                    if earlier.storage != storage && !formed {
                        return Err(Refusal::DuplicateMember);
                    }
                    earlier.sender.cut(Closed::Replaced);
                }
                let inside = Inside { number: self.number, storage, sender: sender.clone() };
                lists.members.insert((id, priority), inside);
            }
            Role::Client if lists.clients.len() >= clients_max => return Err(Refusal::TooManyConnections),
            Role::Client => {
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
