//! The values that a node needs to dial and to listen.

use super::admission::Admission;
use super::event::Inbox;
use super::limits::Limits;
use super::network::Transport;
use std::fmt;
use std::sync::Arc;

/// The values needed to dial and to listen. Cheap to clone. Its connections understand the messages `I`.
pub(crate) struct Endpoint<I> {
    /// The network.
    pub network: Arc<dyn Transport>,
    /// The node's decision about who may connect.
    pub admission: Arc<dyn Admission>,
    /// The queues for everything that arrives.
    pub inbox: Inbox<I>,
    /// Bounds on queues, connections and durations.
    pub limits: Limits,
}

impl<I> Clone for Endpoint<I> {
    fn clone(&self) -> Endpoint<I> {
        let (network, admission) = (Arc::clone(&self.network), Arc::clone(&self.admission));
        Endpoint { network, admission, inbox: self.inbox.clone(), limits: self.limits.clone() }
    }
}

impl<I> fmt::Debug for Endpoint<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("limits", &self.limits).finish_non_exhaustive()
    }
}
