//! The network as the transport needs it: bind, connect, accept.
//!
//! The futures are boxed by hand. This takes one line, and happens once per connection, never per message.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};

/// The future of a network operation.
pub(crate) type Attempt<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>;

/// An ordered, reliable stream of bytes in both directions.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {
    /// Returns a handle that writes on the stream from any thread, if the network has one. Its user ensures
    /// that there is no other writer meanwhile.
    fn direct(&self) -> Option<Arc<dyn Direct>> {
        None
    }
}

/// Writes to a stream without waiting.
pub(crate) trait Direct: Send + Sync {
    /// Writes what the network accepts at once. Fails with [`WouldBlock`](io::ErrorKind::WouldBlock) if it
    /// accepts nothing.
    fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize>;
}

/// A network. Addresses are text; their meaning is defined by the network (`host:port`, a name).
pub(crate) trait Transport: Send + Sync + 'static {
    /// Binds `address`. Port 0, or an empty name, asks for any free one.
    fn bind<'a>(&'a self, address: &'a str) -> Attempt<'a, Box<dyn Listener>>;

    /// Connects to the listener that has bound `address`.
    fn connect<'a>(&'a self, address: &'a str) -> Attempt<'a, Box<dyn Stream>>;
}

/// A bound address. Dropping it frees the address.
pub(crate) trait Listener: Send {
    /// Returns the next arrival and its origin, for the log. Cancelling loses no arrival.
    fn accept(&mut self) -> Attempt<'_, (Box<dyn Stream>, String)>;

    /// Returns the bound address, in the form that `connect` takes.
    fn address(&self) -> &str;
}
