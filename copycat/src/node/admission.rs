//! The decision about which processes may connect to this member.

use super::bootstrap_state::BootstrapState;
use super::wire::BootstrapRecord;
use crate::codec::cursor::Malformed;
use crate::codec::ids::MemberId;
use crate::transport::admission::Admission;
use crate::transport::wire::{CallerKind, Hello, Refusal, Welcome};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Decides who may connect to this member. Shared between the node's loop and the tasks that open connections. Both run
/// on one thread, so the lock is never contended.
#[derive(Debug)]
pub(super) struct MemberAdmission {
    me: MemberId,
    disk_id: u128,
    election_ms: u32,
    bootstrap_state: Mutex<BootstrapState>,
}

impl MemberAdmission {
    pub(super) fn new(
        me: MemberId,
        disk_id: u128,
        election_timeout: Duration,
        bootstrap_state: BootstrapState,
    ) -> MemberAdmission {
        let election_ms = u32::try_from(election_timeout.as_millis()).unwrap_or(u32::MAX);
        MemberAdmission { me, disk_id, election_ms, bootstrap_state: Mutex::new(bootstrap_state) }
    }

    pub(super) fn bootstrap_state(&self) -> MutexGuard<'_, BootstrapState> {
        self.bootstrap_state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Admission for MemberAdmission {
    fn identity(&self) -> Welcome {
        let bootstrap_state = self.bootstrap_state();
        let bootstrap_record = bootstrap_state.bootstrap_record();
        Welcome {
            member: self.me,
            disk_id: self.disk_id,
            election_ms: self.election_ms,
            cluster: bootstrap_record.map_or(0, |bootstrap_record| bootstrap_record.cluster),
            bootstrap: bootstrap_record.map(BootstrapRecord::to_bootstrap).unwrap_or_default(),
        }
    }

    fn admit(&self, hello: &Hello) -> Result<(), Refusal> {
        match hello.role {
            CallerKind::Member { id, disk_id, .. } => {
                self.bootstrap_state().judge(id, disk_id, hello.cluster)
            }
            CallerKind::Client => Ok(()),
        }
    }

    fn accept(&self, peer: MemberId, identity: &Welcome) -> Result<(), Refusal> {
        bootstrap_record_of(identity).map_err(|_| Refusal::Unreadable)?;
        self.bootstrap_state().judge(peer, identity.disk_id, identity.cluster)
    }
}

/// Returns the bootstrap record in a member's identity; `None` while it has none.
pub(super) fn bootstrap_record_of(identity: &Welcome) -> Result<Option<BootstrapRecord>, Malformed> {
    if identity.cluster == 0 {
        return Ok(None);
    }
    BootstrapRecord::from_bootstrap(identity.cluster, &identity.bootstrap).map(Some)
}
