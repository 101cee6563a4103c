//! What every generated proxy can do besides the user's methods.
//!
//! All of it is in traits: where the user's trait has a method of the same name, the proxy's own method
//! is the user's, and wins.

use super::commands::Commands;
use super::handle::Handle;
use crate::codec::access::Consistency;
use crate::error::Error;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::future::Future;

/// A typed way to an open resource: the `Async…` or `Sync…` of a `#[state_machine]` trait.
///
/// Cheap to clone; clones and the proxies derived from one another share everything.
pub trait Proxy: Clone + Debug + Send + Sync + Sized + 'static {
    /// The table of the trait's commands.
    type Commands: Commands;

    /// The proxy of a handle.
    #[doc(hidden)]
    fn from_handle(handle: Handle) -> Self;

    /// What the proxy stands on.
    #[doc(hidden)]
    fn handle(&self) -> &Handle;

    /// The resource's name.
    fn name(&self) -> &str {
        self.handle().name()
    }

    /// The same resource, whose reads reflect what `consistency` says instead of what their methods
    /// declare. Writes are not touched by it.
    #[must_use]
    fn with_consistency(&self, consistency: Consistency) -> Self {
        Self::from_handle(self.handle().with_consistency(consistency))
    }
}

/// A proxy whose methods are `async`.
pub trait AsyncProxy: Proxy {
    /// The proxy that blocks instead.
    type Sync: SyncProxy<Async = Self, Commands = Self::Commands>;

    /// The same resource through methods that block the calling thread.
    fn to_sync(&self) -> Self::Sync {
        Self::Sync::from_handle(self.handle().clone())
    }

    /// Sends a command by its name. `arguments` is the tuple of its arguments in the order of their
    /// declaration: `bank.submit::<u64>("deposit", &("ada", 100u64)).await?`.
    ///
    /// # Errors
    ///
    /// As the method itself; and, with nothing sent, if there is no such command or the arguments do
    /// not fit it. If `R` is not the type of its result, the error says [`Unknown`](crate::Outcome::Unknown)
    /// for a write: it was applied.
    fn submit<R: DeserializeOwned>(
        &self,
        name: &str,
        arguments: &impl Serialize,
    ) -> impl Future<Output = Result<R, Error>> + Send {
        // Encoded before the future is made, so that it is `Send` whatever the arguments are.
        let prepared = self.handle().prepare::<Self::Commands, _>(name, arguments);
        let handle = self.handle();
        async move { handle.submit::<R>(prepared?).await }
    }
}

/// A proxy whose methods block the calling thread, and only that.
///
/// They work inside and outside any runtime. On one of the node's own threads (inside a state's method)
/// they return an error.
pub trait SyncProxy: Proxy {
    /// The proxy that waits without blocking.
    type Async: AsyncProxy<Sync = Self, Commands = Self::Commands>;

    /// The same resource through methods that are `async`.
    fn to_async(&self) -> Self::Async {
        Self::Async::from_handle(self.handle().clone())
    }

    /// Sends a command by its name. `arguments` is the tuple of its arguments in the order of their
    /// declaration: `bank.submit::<u64>("deposit", &("ada", 100u64))?`.
    ///
    /// # Errors
    ///
    /// As [`AsyncProxy::submit`].
    fn submit<R: DeserializeOwned>(&self, name: &str, arguments: &impl Serialize) -> Result<R, Error> {
        let prepared = self.handle().prepare::<Self::Commands, _>(name, arguments)?;
        self.handle().submit_blocking(prepared)
    }
}
