//! The output of the groups in one turn: answers, requests for other members, and work for the applier.

use super::super::applier::Work;
use super::bounds::Bounds;
use super::forwarding::Forwarding;
use crate::request::reply::Replies;

/// The output of a turn, shared by all groups.
#[derive(Debug)]
pub(super) struct TurnOutput {
    pub replies: Replies,
    pub forwarding: Forwarding,
    /// The work for the applier, in order.
    pub work: Vec<Work>,
    /// Bytes of entries that this turn may still dispatch to the applier, for all groups together.
    pub dispatch_left: usize,
}

impl TurnOutput {
    pub(super) fn new(bounds: &Bounds) -> TurnOutput {
        TurnOutput {
            replies: Replies::default(),
            forwarding: Forwarding::new(bounds.forwarded_bytes),
            work: Vec::new(),
            dispatch_left: bounds.dispatched_bytes,
        }
    }
}
