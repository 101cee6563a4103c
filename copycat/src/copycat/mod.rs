//! The facade: a member that is opened, and a remote handle that is connected.
//!
//! Everything here is assembled from the floors below; nothing is decided here.

mod builder;
mod durations;
mod network;
mod remote;
mod status;
mod storage;

pub use builder::CopycatBuilder;
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
/// It votes, stores and serves until it is closed. Dropping it stops it at once, as a crash would:
/// nothing that was acknowledged is lost, and whoever still waits for an answer is told that it is
/// unknown. [`close`](Self::close) ends it in order.
///
/// The member runs on threads of its own. Its futures need no particular runtime.
#[derive(Debug)]
pub struct Copycat {
    cluster: Cluster,
    node: Arc<Node>,
}

impl Copycat {
    /// Begins to describe a member.
    pub fn builder() -> CopycatBuilder {
        CopycatBuilder::new()
    }

    pub(crate) fn new(cluster: Cluster, node: Arc<Node>) -> Copycat {
        Copycat { cluster, node }
    }

    /// The cluster this member was given.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Waits until the cluster is formed: until all seeds were up at the same time, once.
    ///
    /// # Errors
    ///
    /// If the cluster was formed without this member, or with another disk of it; or if the member has stopped.
    pub async fn formed(&self) -> Result<(), Error> {
        self.node.formed().await??;
        Ok(())
    }

    /// Begins to open a replicated state machine: a resource of that name on every member of the
    /// cluster, each of which opens it with the same `init`. `init` makes the state before the first
    /// command, and must make the same one everywhere.
    pub fn state_machine<S, F>(&self, name: impl Into<String>, init: F) -> StateMachineBuilder<F, One>
    where
        F: Fn() -> S,
    {
        StateMachineBuilder::new(self.node.clone(), name.into(), init)
    }

    /// How this member, its groups and its log are doing, now.
    ///
    /// # Errors
    ///
    /// If the member has stopped.
    pub async fn status(&self) -> Result<Status, Error> {
        Ok(Status::new(self.cluster.local_member().id(), &self.node.status().await?))
    }

    /// Stops in order: takes no more requests, flushes what it has, records that the log ends here, empties its
    /// connections. Returns when every thread has ended. Proxies that are still held return errors from then on.
    pub async fn close(self) {
        self.node.close().await;
    }

    /// The same, blocking the calling thread: for programs without a runtime.
    ///
    /// # Errors
    ///
    /// On a thread of a member, inside a state's method for example: nothing is closed in order then.
    pub fn close_sync(self) -> Result<(), Error> {
        block_on_outside(async {
            self.close().await;
            Ok(())
        })
    }
}
