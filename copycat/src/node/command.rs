//! What enters a node's loop from this process.

use super::bootstrap::BootstrapReply;
use super::shard::{Attachment, Bounds, ShardStatus};
use crate::codec::ids::GroupId;
use crate::request::sender::{PERMIT_BYTES, RequestReceiver};
use crate::request::status::Watch;
use tokio::sync::{mpsc, oneshot};

/// Requests of this process's proxies that may wait for a turn; behind them callers wait in line.
pub(super) const REQUESTS_DEPTH: usize = 4_096;
// What waits for a turn is not refused for its length by a group that has room for all it may keep.
const _: () = assert!((REQUESTS_DEPTH * PERMIT_BYTES) as u64 <= Bounds::DEFAULT.argument_bytes_max);
/// Listeners of this process that may wait to be taken in.
pub(super) const WATCHES_DEPTH: usize = 64;

/// What the owner of a node may ask of its loop.
#[derive(Debug)]
pub(crate) enum Command {
    /// A resource's code for one group.
    Attach(Attachment),
    /// Nobody holds on to these groups' code after all.
    Detach(Vec<GroupId>),
    /// Tell when the cluster is formed, or why it cannot be, as far as this member is concerned.
    Formed(BootstrapReply),
    /// Tell how the groups and the journal are doing.
    Status(oneshot::Sender<ShardStatus>),
    /// Stop in order: what was proposed is flushed, the log is closed, connections are emptied.
    Close,
    /// Stop at once, as a crash would.
    Abort,
}

/// The channels into the loop.
#[derive(Debug)]
pub(super) struct Inlets {
    pub commands: mpsc::UnboundedReceiver<Command>,
    pub requests: RequestReceiver,
    pub watches: mpsc::Receiver<Watch>,
}
