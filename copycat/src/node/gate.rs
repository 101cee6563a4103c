//! Who may connect, as this member judges.

use super::founders::Founders;
use super::wire::Formation;
use crate::codec::cursor::Malformed;
use crate::codec::ids::MemberId;
use crate::transport::gate::Gate;
use crate::transport::wire::{Hello, Identity, Refusal, Role};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Who may connect to this member. Shared between the node's loop and the tasks that open connections, which
/// run on the same thread: the lock is never waited for.
#[derive(Debug)]
pub(super) struct MemberGate {
    me: MemberId,
    storage: u128,
    election_ms: u32,
    founders: Mutex<Founders>,
}

impl MemberGate {
    pub(super) fn new(
        me: MemberId,
        storage: u128,
        election_timeout: Duration,
        founders: Founders,
    ) -> MemberGate {
        let election_ms = u32::try_from(election_timeout.as_millis()).unwrap_or(u32::MAX);
        MemberGate { me, storage, election_ms, founders: Mutex::new(founders) }
    }

    pub(super) fn founders(&self) -> MutexGuard<'_, Founders> {
        self.founders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gate for MemberGate {
    fn identity(&self) -> Identity {
        let founders = self.founders();
        let formation = founders.formation();
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
            Role::Member { id, storage, .. } => self.founders().judge(id, storage, hello.cluster),
            Role::Client => Ok(()),
        }
    }

    fn accept(&self, peer: MemberId, identity: &Identity) -> Result<(), Refusal> {
        formation_of(identity).map_err(|_| Refusal::Unreadable)?;
        self.founders().judge(peer, identity.storage, identity.cluster)
    }
}

/// The formation that a member tells of itself; `None` while it has none.
pub(super) fn formation_of(identity: &Identity) -> Result<Option<Formation>, Malformed> {
    if identity.cluster == 0 {
        return Ok(None);
    }
    Formation::from_bootstrap(identity.cluster, &identity.bootstrap).map(Some)
}
