//! What a node holds of the transport.

use super::admission::Admission;
use super::event::Inbox;
use super::limits::Limits;
use super::network::Transport;
use std::fmt;
use std::sync::Arc;

/// What it takes to dial and to listen. Cheap to clone. What it dials and who comes in
/// understand the messages `I`.
pub(crate) struct Endpoint<I> {
    /// The network.
    pub network: Arc<dyn Transport>,
    /// The node's judgement.
    pub admission: Arc<dyn Admission>,
    /// Where arrivals go.
    pub inbox: Inbox<I>,
    /// Bounds.
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
