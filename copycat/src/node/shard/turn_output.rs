//! What the groups of a shard have decided for whoever asked: answers, requests for other members, work for the
//! applier.

use super::super::applier::Work;
use super::bounds::Bounds;
use super::forwarding::Forwarding;
use crate::request::reply::Replies;

/// Where it goes.
#[derive(Debug)]
pub(super) struct TurnOutput {
    pub replies: Replies,
    pub forwarding: Forwarding,
    /// For the applier, in this order.
    pub work: Vec<Work>,
    /// Bytes of entries that this turn may still hand over, of all groups.
    pub handed_left: usize,
}

impl TurnOutput {
    pub(super) fn new(bounds: &Bounds) -> TurnOutput {
        TurnOutput {
            replies: Replies::default(),
            forwarding: Forwarding::new(bounds.forwarded_bytes),
            work: Vec::new(),
            handed_left: bounds.handed_bytes,
        }
    }
}
