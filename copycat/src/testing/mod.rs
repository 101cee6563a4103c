//! What the tests and measurements of this workspace drive: the scenario runner, the simulated cluster, single floors
//! run at full speed, and whatever reads bytes of strangers. It is compiled with
//! the feature `testing` only, is no part of the framework's public promise, and never appears in a running member.
//!
//! Begin with [`scenario`], then [`simulation`].

pub mod decoders;
pub mod scenario;
pub mod simulation;
pub mod speed;
