//! Networks that a user may name.

use crate::transport::memory::Memory;

/// A network within this process: members and remote handles that are given clones of one value reach each other
/// in memory, by the addresses of their cluster's description, which then are only names. For tests, and for
/// clusters within one process.
#[derive(Clone, Debug, Default)]
pub struct MemoryNetwork(pub(super) Memory);

impl MemoryNetwork {
    /// A network that nobody is connected to yet.
    #[must_use]
    pub fn new() -> MemoryNetwork {
        MemoryNetwork::default()
    }
}
