//! What the tests of this workspace drive: the scenario runner, the simulated cluster, the decoders. It is compiled with
//! the feature `testing` only, is no part of the framework's public promise, and never appears in a running member.
//!
//! Begin with [`scenario`], then [`simulation`].

pub mod decoders;
pub mod scenario;
pub mod simulation;
