//! The inputs of a node's loop from this process.

use super::bootstrap::BootstrapReply;
use super::shard::{Attachment, Bounds, ShardStatus};
use crate::codec::ids::GroupId;
use crate::request::sender::{PERMIT_BYTES, RequestReceiver};
use crate::request::status::Subscription;
use tokio::sync::{mpsc, oneshot};

/// Requests of this process's proxies that may wait for a turn. While the queue is full, callers wait (backpressure).
pub(super) const REQUESTS_DEPTH: usize = 4_096;
// A group that has all its memory free never refuses waiting requests for their length.
const _: () = assert!((REQUESTS_DEPTH * PERMIT_BYTES) as u64 <= Bounds::DEFAULT.argument_bytes_max);
/// Listeners of this process that may wait to be added.
pub(super) const WATCHES_DEPTH: usize = 64;

/// A command from the owner of a node to its loop.
#[derive(Debug)]
pub(crate) enum Command {
    /// Attach the state machines of a resource's groups.
    Attach(Attachment),
    /// Detach the state machines of these groups, because no proxy exists.
    Detach(Vec<GroupId>),
    /// Report when the cluster is bootstrapped, or why this member cannot join it.
    Formed(BootstrapReply),
    /// Report the status of the groups and the journal.
    Status(oneshot::Sender<ShardStatus>),
    /// Stop in order: flush all proposed entries, close the journal, send what the connections have queued.
    Close,
    /// Stop at once, as a crash would.
    Abort,
}

/// The channels into the loop.
#[derive(Debug)]
pub(super) struct Channels {
    pub commands: mpsc::UnboundedReceiver<Command>,
    pub requests: RequestReceiver,
    pub watches: mpsc::Receiver<Subscription>,
}
