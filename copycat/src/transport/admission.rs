//! Checks who may connect. Callers accepted before bootstrap are checked again after it.

use super::wire::{CallerKind, Hello, Refusal, Welcome};
use crate::codec::ids::MemberId;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// The node's decision about who may connect: asked once per connection, and again by [`Recheck`]. It must not
/// block.
///
/// The transport itself refuses other versions, other clusters (if both sides have one), members with a
/// different election timeout, a caller that claims this member's id, and a caller that expects another member.
pub(crate) trait Admission: Send + Sync + 'static {
    /// Returns what this member says of itself now. This changes once, at bootstrap.
    fn identity(&self) -> Welcome;

    /// Decides whether a caller may connect.
    fn admit(&self, hello: &Hello) -> Result<(), Refusal>;

    /// Decides whether the member that answered a dial to `peer` may be used.
    fn accept(&self, peer: MemberId, identity: &Welcome) -> Result<(), Refusal>;
}

/// Checks a caller, and returns the identity to answer with.
pub(super) fn check_caller(admission: &dyn Admission, hello: &Hello) -> Result<Welcome, Refusal> {
    let own = admission.identity();
    if hello.expected.is_some_and(|expected| expected != own.member) {
        return Err(Refusal::NotMe);
    }
    if matches!(hello.role, CallerKind::Member { id, .. } if id == own.member) {
        return Err(Refusal::DuplicateMember);
    }
    same_cluster(hello.cluster, own.cluster)?;
    admission.admit(hello)?;
    if let CallerKind::Member { election_ms, .. } = hello.role {
        same_timeout(election_ms, own.election_ms)?;
    }
    Ok(own)
}

/// Checks the member that answered a dial to `peer`.
pub(super) fn check_answer(
    admission: &dyn Admission,
    peer: MemberId,
    identity: &Welcome,
) -> Result<(), Refusal> {
    if identity.member != peer {
        return Err(Refusal::NotMe);
    }
    let own = admission.identity();
    same_cluster(identity.cluster, own.cluster)?;
    admission.accept(peer, identity)?;
    same_timeout(identity.election_ms, own.election_ms)
}

/// A caller that was accepted before bootstrap, when it was not known which disk is the right one. It is
/// checked again as soon as the cluster is bootstrapped, before any more messages are taken from it.
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

/// Accepts equal clusters, and any cluster if one side has none yet.
fn same_cluster(one: u128, other: u128) -> Result<(), Refusal> {
    if one == 0 || other == 0 || one == other { Ok(()) } else { Err(Refusal::WrongCluster) }
}

/// Accepts equal election timeouts. Checked last, so that a non-member is told the more important reason.
fn same_timeout(one: u32, other: u32) -> Result<(), Refusal> {
    if one == other { Ok(()) } else { Err(Refusal::WrongTimeout) }
}
