//! What the transport needs from a network: to bind, to connect, to accept.
//!
//! The futures are boxed by hand: it is one line, and happens once per connection, never per message.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};

/// The outcome of an attempt on the network.
pub(crate) type Attempt<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>;

/// An ordered, reliable stream of bytes in both directions.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {
    /// A way to write on it from any thread, if the network has one. Whoever uses it sees to it that nobody
    /// else writes meanwhile.
    fn direct(&self) -> Option<Arc<dyn Direct>> {
        None
    }
}

/// A stream's way to the network that waits for nothing.
pub(crate) trait Direct: Send + Sync {
    /// Writes what the network takes at once; [`WouldBlock`](io::ErrorKind::WouldBlock) if that is nothing.
    fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize>;
}

/// A network. Addresses are text; what they mean is the network's business (`host:port`, a name).
pub(crate) trait Transport: Send + Sync + 'static {
    /// Occupies `address`. Port 0, or an empty name, asks for any free one.
    fn bind<'a>(&'a self, address: &'a str) -> Attempt<'a, Box<dyn Listener>>;

    /// Reaches whoever has bound `address`.
    fn connect<'a>(&'a self, address: &'a str) -> Attempt<'a, Box<dyn Stream>>;
}

/// An occupied address. Dropping it frees the address.
pub(crate) trait Listener: Send {
    /// The next arrival, and where it came from, for the log. Cancelling loses no arrival.
    fn accept(&mut self) -> Attempt<'_, (Box<dyn Stream>, String)>;

    /// The address that was occupied, in the form that `connect` takes.
    fn address(&self) -> &str;
}
