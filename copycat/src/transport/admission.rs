//! Who may connect, and who is judged once more.

use super::wire::{Hello, Identity, Refusal, Role};
use crate::codec::ids::MemberId;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Who may connect: the node's judgement, asked once per connection. It must not block.
///
/// The transport itself refuses other versions, other clusters (where both sides have one), members with
/// another election timeout, a caller that claims the own id, and a caller that looks for someone else.
pub(crate) trait Admission: Send + Sync + 'static {
    /// What this member says of itself now. Changes once, when its cluster is formed.
    fn identity(&self) -> Identity;

    /// Judges a caller.
    fn admit(&self, hello: &Hello) -> Result<(), Refusal>;

    /// Judges whoever answered a dialed lane to `peer`.
    fn accept(&self, peer: MemberId, identity: &Identity) -> Result<(), Refusal>;
}

/// Judges a caller, and says what to answer.
pub(super) fn check_caller(admission: &dyn Admission, hello: &Hello) -> Result<Identity, Refusal> {
    let own = admission.identity();
    if hello.expected.is_some_and(|expected| expected != own.member) {
        return Err(Refusal::NotMe);
    }
    if matches!(hello.role, Role::Member { id, .. } if id == own.member) {
        return Err(Refusal::DuplicateMember);
    }
    same_cluster(hello.cluster, own.cluster)?;
    admission.admit(hello)?;
    if let Role::Member { election_ms, .. } = hello.role {
        same_timeout(election_ms, own.election_ms)?;
    }
    Ok(own)
}

/// Judges whoever answered a dial to `peer`.
pub(super) fn check_answer(
    admission: &dyn Admission,
    peer: MemberId,
    identity: &Identity,
) -> Result<(), Refusal> {
    if identity.member != peer {
        return Err(Refusal::NotMe);
    }
    let own = admission.identity();
    same_cluster(identity.cluster, own.cluster)?;
    admission.accept(peer, identity)?;
    same_timeout(identity.election_ms, own.election_ms)
}

/// A caller that was let in before the cluster was formed, when nobody could tell whose storage is the right one.
/// It is judged again as soon as there is a formation, before anything more is taken from it.
pub(super) struct Recheck {
    admission: Arc<dyn Admission>,
    hello: Hello,
    over: AtomicBool,
}

impl fmt::Debug for Recheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recheck").field("hello", &self.hello).finish_non_exhaustive()
    }
}

impl Recheck {
    pub(super) fn new(admission: &Arc<dyn Admission>, hello: Hello) -> Recheck {
        Recheck { admission: admission.clone(), hello, over: AtomicBool::new(false) }
    }

    pub(super) fn judge(&self) -> Result<(), Refusal> {
        if self.over.load(Relaxed) || self.admission.identity().cluster == 0 {
            return Ok(());
        }
        check_caller(&*self.admission, &self.hello)?;
        self.over.store(true, Relaxed);
        Ok(())
    }
}

/// A cluster that is not formed yet differs from none.
fn same_cluster(one: u128, other: u128) -> Result<(), Refusal> {
    if one == 0 || other == 0 || one == other { Ok(()) } else { Err(Refusal::WrongCluster) }
}

/// Asked last: of whoever is no member here anyway, the timeout does not matter.
fn same_timeout(one: u32, other: u32) -> Result<(), Refusal> {
    if one == other { Ok(()) } else { Err(Refusal::WrongTimeout) }
}
