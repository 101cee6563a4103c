//! The output of the groups in one turn: answers, requests for other members, and jobs for other threads.

use super::bounds::Bounds;
use super::flush_task::Jobs;
use super::forwarding::Forwarding;
use crate::request::reply::Replies;

/// The output of a turn, shared by all groups.
#[derive(Debug)]
pub(super) struct TurnOutput {
    pub replies: Replies,
    pub forwarding: Forwarding,
    /// Stays until the owner of the shard takes it.
    pub jobs: Jobs,
    /// Bytes of entries that this turn may still dispatch to the applier, for all groups together.
    pub dispatch_left: usize,
}

impl TurnOutput {
    pub(super) fn new(bounds: &Bounds) -> TurnOutput {
        TurnOutput {
            replies: Replies::default(),
            forwarding: Forwarding::new(bounds.forwarded_bytes),
            jobs: Jobs::default(),
            dispatch_left: bounds.dispatched_bytes,
        }
    }
}
