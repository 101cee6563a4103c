//! The description of a cluster, as its operator configures it.
//!
//! This is configuration only: the folder opens nothing and sends nothing. `transport` connects the members, and
//! `node` bootstraps the cluster. Begin with [`Cluster`].

mod builder;
mod member;

pub use builder::{Cluster, ClusterBuilder};
pub use member::Member;
