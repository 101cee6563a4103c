//! The calls of one client that keep their order.

use crate::codec::access::Access;
use crate::codec::ids::{GroupId, MethodId};
use crate::node::failure::Failure;
use crate::node::request::{Answer, Entrance};
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Mutex;
use tokio::task::unconstrained;

/// A line of calls; what [`Proxy::in_order`](super::proxy::Proxy::in_order) promises begins here.
///
/// From the entrance on, requests for one group stay in line by themselves: through queues, batches and
/// connections up to the leader's log. What is left to be done here is that they enter in the order of their
/// calls, and that each read says whether it stands behind something that a shorter road would overtake.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// Calls that a later read must not overtake, and that have no answer. One whose future was dropped may still
    /// be under way, so it stays: reads then take the longer road for nothing, and see no less.
    unanswered: AtomicUsize,
    /// Held by whoever is at the entrance. Fair, as the entrance alone is not: there, a place that becomes free
    /// may go to a newcomer before the one that it was promised to has been polled.
    entering: Mutex<()>,
}

impl Line {
    /// As [`Entrance::call`]. The call has its place in line from when it is first polled.
    pub(crate) async fn call(
        &self,
        entrance: &Entrance,
        group: GroupId,
        access: Access,
        (method, key_len): (MethodId, u32),
        body: Vec<u8>,
    ) -> Answer {
        // Polls that come one after the other see each other's changes of the one counter, whatever their ordering.
        let access = access.in_line(self.unanswered.load(Ordering::Relaxed) > 0);
        if access.holds_place() {
            self.unanswered.fetch_add(1, Ordering::Relaxed);
        }
        // A runtime that wants its thread back would otherwise send the call away before it has taken its place.
        let handed_in = unconstrained(async {
            let _entering = self.entering.lock().await;
            entrance.hand_in(group, access, method, key_len, body).await
        });
        let answer = match handed_in.await {
            Ok(answer) => answer.await.unwrap_or(Err(Failure::Stopped)),
            Err(failure) => Err(failure),
        };
        if access.holds_place() {
            self.unanswered.fetch_sub(1, Ordering::Relaxed);
        }
        answer
    }
}
