//! Replicated, fault-tolerant services from an annotated trait.
#![allow(dead_code, reason = "floors are built from the ground up; removed when the facade closes the road")]

mod cluster;
mod codec;
mod node;
mod raft;
mod resource;
mod storage;
mod transport;

#[cfg(feature = "testing")]
pub mod testing;
