//! Lets callers in.

use super::endpoint::Endpoint;
use super::seam::Listener;

/// An occupied address and everyone who came in by it. Dropping it frees the address and cuts all of them.
pub(crate) struct Acceptor {
    address: String,
}

impl Acceptor {
    pub(super) fn start(endpoint: Endpoint, listener: Box<dyn Listener>) -> Acceptor {
        unimplemented!("{} {:?}", listener.address(), endpoint.limits)
    }

    /// The occupied address, with the port that was found if any was asked for.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Accepts no more, writes the answers that wait for remote handles within the limits' linger, ends all tasks.
    pub(crate) async fn close(self) {}
}
