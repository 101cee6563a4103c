//! Drivers for the tests and measurements of this workspace: the scenario runner, the simulated cluster, checks for
//! decoders of untrusted bytes, and single layers run at full speed. The feature `testing` compiles this folder. It
//! is no part of the public API, and a running member never contains it.
//!
//! Begin with [`scenario`], then [`simulation`].

pub mod decoders;
pub mod scenario;
pub mod simulation;
pub mod speed;
