//! Who belongs to a cluster, as its operator writes it down.
//!
//! Only the configuration: this folder opens nothing and sends nothing. The members' connections are
//! `transport`'s, how a cluster begins is `node`'s. Begin with [`Cluster`].

mod builder;
mod member;

pub use builder::{Cluster, ClusterBuilder};
pub use member::Member;
