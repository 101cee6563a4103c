//! Networks that a user can choose.

use crate::transport::memory::Memory;

/// A network within this process, for tests and for clusters within one process. Members and remote handles that
/// are given clones of one value reach each other in memory. The addresses in their cluster's description are then
/// only names.
#[derive(Clone, Debug, Default)]
pub struct MemoryNetwork(pub(super) Memory);

impl MemoryNetwork {
    /// Creates a network without any connection.
    #[must_use]
    pub fn new() -> MemoryNetwork {
        MemoryNetwork::default()
    }
}
