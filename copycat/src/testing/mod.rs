//! What the tests of this workspace drive: the scenario runner and the simulated cluster. It is compiled with
//! the feature `testing` only, is no part of the framework's public promise, and never appears in a running member.
//!
//! Begin with [`scenario`], then [`simulation`].

pub mod scenario;
pub mod simulation;
