//! Replicated, fault-tolerant services from an annotated trait.
#![allow(dead_code, reason = "floors are built from the ground up; removed when the facade closes the road")]

#[doc(hidden)]
pub mod __private;
mod cluster;
mod codec;
mod error;
mod node;
pub mod prelude;
mod raft;
mod resource;
mod storage;
mod transport;

pub use codec::ids::MethodId;
pub use copycat_macros::state_machine;
pub use error::Error;
pub use node::failure::Outcome;
pub use node::request::Consistency;
pub use resource::commands::{Commands, Data, Kind, Method, Partitioned, Route};
pub use resource::dispatch::Dispatch;
pub use resource::partitioner::HashPartitioner;
pub use resource::proxy::{AsyncProxy, Proxy, SyncProxy};
