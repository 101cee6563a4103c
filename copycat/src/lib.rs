//! Replicated, fault-tolerant services from an annotated trait.

#[doc(hidden)]
pub mod __private;
mod cluster;
mod codec;
mod copycat;
mod error;
mod node;
pub mod prelude;
mod raft;
mod resource;
mod storage;
mod transport;

pub use cluster::{Cluster, ClusterBuilder, Member};
pub use codec::ids::MethodId;
pub use copycat::{
    Copycat, CopycatBuilder, GroupStatus, MemoryNetwork, Remote, RemoteBuilder, RemoteResource, Role, Status,
    Storage, StorageBuilder,
};
pub use copycat_macros::state_machine;
pub use error::{Error, Mistake};
pub use node::failure::Outcome;
pub use node::request::Consistency;
pub use resource::commands::{Commands, Data, Kind, Method, Partitioned, Route};
pub use resource::dispatch::Dispatch;
pub use resource::partitioner::HashPartitioner;
pub use resource::proxy::{AsyncProxy, Proxy, SyncProxy};
pub use resource::state_machine::{Many, One, StateMachineBuilder};
#[cfg(feature = "testing")]
pub mod testing;
