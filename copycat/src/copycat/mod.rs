//! The facade: opens a member, and connects a remote handle.
//!
//! Everything here is assembled from the layers below; nothing is decided here.

mod builder;
mod durations;
mod log;
mod network;
mod remote;
mod status;
mod storage;

pub use builder::CopycatBuilder;
pub use log::{LogEntries, log_entries};
pub use network::MemoryNetwork;
pub use remote::{Remote, RemoteBuilder, RemoteResource};
pub use status::{GroupStatus, LogStatus, Status};
pub use storage::{Storage, StorageBuilder};

use crate::cluster::Cluster;
use crate::error::Error;
use crate::node::Node;
use crate::resource::block_on::block_on_outside;
use crate::resource::state_machine::{One, StateMachineBuilder};
use std::sync::Arc;

/// One member of a cluster, in this process.
///
/// It votes, stores and serves until it is closed. Dropping it stops it at once, like a crash: nothing that was
/// acknowledged is lost, and callers that still wait are told that the outcome is unknown. [`close`](Self::close)
/// stops it in order.
///
/// The member runs on threads of its own. Its futures need no particular runtime.
#[derive(Debug)]
pub struct Copycat {
    cluster: Cluster,
    node: Arc<Node>,
}

impl Copycat {
    /// Begins the description of a member.
    pub fn builder() -> CopycatBuilder {
        CopycatBuilder::new()
    }

    pub(crate) fn new(cluster: Cluster, node: Arc<Node>) -> Copycat {
        Copycat { cluster, node }
    }

    /// Returns the description of the cluster that this member was opened with.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Waits until the cluster is formed. It is formed once, when all seeds are up at the same time.
    ///
    /// # Errors
    ///
    /// An error if this member cannot join the cluster, for example because the cluster was formed without it or
    /// with another disk of it; or if the member has stopped.
    pub async fn formed(&self) -> Result<(), Error> {
        self.node.formed().await??;
        Ok(())
    }

    /// Begins to open a replicated state machine: a resource with this name on every member of the cluster. Every
    /// member opens it with the same `init`, which makes the state before the first command. It must make the same
    /// state everywhere.
    pub fn state_machine<S, F>(&self, name: impl Into<String>, init: F) -> StateMachineBuilder<F, One>
    where
        F: Fn() -> S,
    {
        StateMachineBuilder::new(self.node.clone(), name.into(), init)
    }

    /// Returns the current status of this member, its groups and its log.
    ///
    /// # Errors
    ///
    /// An error if the member has stopped.
    pub async fn status(&self) -> Result<Status, Error> {
        Ok(Status::new(self.cluster.local_member().id(), &self.node.status().await?))
    }

    /// Stops in order: accepts no more requests, flushes what it has, records that the log ends here, and drains
    /// its connections. Returns when every thread has ended. Proxies that still exist return errors from then on.
    pub async fn close(self) {
        self.node.close().await;
    }

    /// Stops in order as [`close`](Self::close) does, blocking the calling thread: for programs without a runtime.
    ///
    /// # Errors
    ///
    /// An error on a thread of a member, for example inside a state's method. The member then is not closed in order.
    pub fn close_sync(self) -> Result<(), Error> {
        block_on_outside(async {
            self.close().await;
            Ok(())
        })
    }
}
