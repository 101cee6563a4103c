//! Single layers at full speed, for measurements: the consensus core without I/O, and the log without consensus.
//!
//! Nothing here judges a result; the caller prints it. Begin with [`core()`], then [`Log`].

mod core;
mod log;

pub use self::core::core;
pub use self::log::{Appended, Log, Raw, ReadBack};
