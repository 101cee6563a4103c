//! Replicated, fault-tolerant services from an annotated trait.
//!
//! Write a trait, mark its methods, and implement it on a plain struct (or mark the methods of the struct itself).
//! Open it on every member of a cluster, and call it through the generated proxy. Raft orders the writes, and a
//! majority flushes each write before it is acknowledged. Reads are as strict as you ask for.
//!
//! ```
//! use copycat::{Cluster, Copycat, Member, MemoryNetwork, Storage, state_machine};
//! use serde::{Deserialize, Serialize};
//!
//! /// A number that everybody agrees on.
//! #[state_machine]
//! pub trait Counter {
//!     /// Adds, and returns the sum.
//!     #[write]
//!     fn add(&mut self, by: u64) -> u64;
//!     /// The sum.
//!     #[read]
//!     fn sum(&self) -> u64;
//! }
//!
//! #[derive(Default, Serialize, Deserialize)]
//! struct Sum(u64);
//!
//! impl Counter for Sum {
//!     fn add(&mut self, by: u64) -> u64 {
//!         self.0 += by;
//!         self.0
//!     }
//!
//!     fn sum(&self) -> u64 {
//!         self.0
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(async {
//! // One member, in memory; a real cluster names its seeds' addresses and a directory.
//! let cluster = Cluster::builder().with_member_id(1).add_seed(Member::new(1, "one:1")).build()?;
//! let copycat = Copycat::builder()
//!     .with_cluster(cluster)
//!     .with_storage(Storage::memory())
//!     .with_memory_network(&MemoryNetwork::new())
//!     .open()
//!     .await?;
//!
//! let counter: AsyncCounter = copycat.state_machine("counter", Sum::default).open().await?;
//! assert_eq!(counter.add(2).await?, 2);
//! assert_eq!(counter.sum().await?, 2);
//! copycat.close().await;
//! # Ok::<(), copycat::Error>(())
//! # }).expect("the example works");
//! ```
//!
//! Begin with [`state_machine`], the attribute; then [`Copycat`], a member, and [`Remote`], a handle in a process
//! that is not a member. Maps, sets, lists and atomic variables are in the crate `copycat-collections`. [`Error`]
//! says what an error means for a write. `ARCHITECTURE.md`, beside this crate's manifest, explains the design.

/// Makes a type that implements [`Writable`] usable as an argument, as a result, and inside of other
/// types: implements serde's `Serialize` and `Deserialize` for it.
#[macro_export]
macro_rules! writable {
    ($type:ty) => {
        impl $crate::__private::serde::Serialize for $type {
            fn serialize<S: $crate::__private::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                $crate::__private::write_value(self, serializer)
            }
        }

        impl<'de> $crate::__private::serde::Deserialize<'de> for $type {
            fn deserialize<D: $crate::__private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                $crate::__private::read_value(deserializer)
            }
        }
    };
}

#[doc(hidden)]
pub mod __private;
mod cluster;
mod codec;
mod copycat;
mod error;
mod node;
pub mod prelude;
mod raft;
mod remote;
mod request;
mod resource;
mod storage;
mod stream;
mod threads;
mod transport;

pub use cluster::{Cluster, ClusterBuilder, Member};
pub use codec::access::Consistency;
pub use codec::ids::MethodId;
pub use codec::writable::{MalformedValue, Writable};
pub use copycat::{
    Copycat, CopycatBuilder, GroupStatus, LogEntries, LogStatus, MemoryNetwork, Remote, RemoteBuilder,
    RemoteResource, Status, Storage, StorageBuilder, log_entries,
};
pub use copycat_macros::state_machine;
pub use error::{ConfigError, Error, ErrorKind};
pub use request::error::Outcome;
pub use request::status::{Health, PartitionStatus, Role};
pub use resource::commands::{Commands, Data, Kind, Method, Partitioned, Route};
pub use resource::determinism::{DeterminismTest, assert_deterministic};
pub use resource::dispatch::Dispatch;
pub use resource::page::{PAGE_BYTES_MAX, Page};
pub use resource::pages::{PageIter, PageStream};
pub use resource::partitioner::HashPartitioner;
pub use resource::proxy::{AsyncProxy, Proxy, SyncProxy};
pub use resource::schema_file::assert_schema;
pub use resource::state_machine::{Many, One, StateMachineBuilder};
pub use resource::status::{StatusIter, StatusStream};
pub use resource::update::{update, update_sync};
#[cfg(feature = "testing")]
pub mod testing;
