//! Single floors at full speed, for measurements: the consensus core without I/O, the log without consensus.
//!
//! Nothing here judges a figure; whoever calls prints it. Begin with [`core()`], then [`Log`].

mod core;
mod log;

pub use self::core::core;
pub use self::log::{Appended, Log, Raw, ReadBack};
