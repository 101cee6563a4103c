//! What every generated proxy can do besides the user's methods.
//!
//! All of it is in traits: where the user has a method of the same name, the proxy's own method
//! is the user's, and wins.

use super::commands::Commands;
use super::handle::Handle;
use super::status::{StatusIter, StatusStream};
use crate::codec::access::Consistency;
use crate::error::Error;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::future::Future;

/// A typed way to an open resource: the `Async…` or `Sync…` of a `#[state_machine]`.
///
/// Cheap to clone; clones and the proxies derived from one another share everything.
pub trait Proxy: Clone + Debug + Send + Sync + Sized + 'static {
    /// The table of its commands.
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

    /// A proxy whose calls take effect in the order in which they are handed in, that is, in which their futures
    /// are first polled; a read sees exactly those of its writes that were handed in before it. Nobody waits for
    /// an answer in between: many calls may be under way.
    ///
    /// Each `in_order()` makes a line of its own. Clones of the proxy, and what is derived from it by
    /// [`with_consistency`](Proxy::with_consistency), `to_sync` and `to_async`, share the line.
    ///
    /// ```no_run
    /// # use copycat::{Error, Proxy, state_machine};
    /// # #[state_machine]
    /// # trait Registers {
    /// #     #[write]
    /// #     fn set(&mut self, #[key] name: String, value: u64);
    /// #     #[read]
    /// #     fn get(&self, #[key] name: &str) -> u64;
    /// # }
    /// # async fn pipelined(registers: AsyncRegisters) -> Result<(), Error> {
    /// let line = registers.in_order();
    /// let (_, one, _, two) = tokio::try_join!(
    ///     line.set("a".into(), 1),
    ///     line.get("a"),
    ///     line.set("a".into(), 2),
    ///     line.get("a"),
    /// )?;
    /// assert_eq!((one, two), (1, 2));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// What is not promised:
    ///
    /// - **Several partitions** do not know of each other: the order holds among the calls of each.
    /// - **An error ends nothing.** Each call has its own outcome: one that is refused (`Busy`, a full disk, a
    ///   leader that is gone) neither undoes nor stops those behind it. A write whose outcome is
    ///   [`Unknown`](crate::Outcome::Unknown) has no place any more: it may take effect later than what was handed in
    ///   after it, or never. A read that was under way while the leader changed may be refused where one outside a
    ///   line would be repeated.
    /// - **[`Eventual`](Consistency::Eventual) reads** see the line's writes that are unanswered when they are handed
    ///   in, for which they go to the leader. Without such they are answered here, from what this member has applied:
    ///   that may be older than what the line has been told before, its own writes included.
    /// - **Reads of different consistency** that are under way at the same time, without a write of the line between
    ///   them, may be carried out in either order.
    ///
    /// While a member has no room for more requests, a call waits for those handed in before it: whoever polls
    /// one has to go on polling, or drop, the earlier ones. A call that was dropped unanswered may still be under
    /// way; from then on every read of the line goes to the leader and waits for all writes before it.
    #[must_use]
    fn in_order(&self) -> Self {
        Self::from_handle(self.handle().in_order())
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

    /// Listens to how the resource's partitions are doing: who leads each, in which term, and whether it can be used.
    /// Tells of each as it is now, and then of every change; see [`StatusStream`].
    ///
    /// ```no_run
    /// # use copycat::{AsyncProxy, Error, Health, state_machine};
    /// # #[state_machine]
    /// # trait Registers {
    /// #     #[write]
    /// #     fn set(&mut self, #[key] name: String, value: u64);
    /// # }
    /// # async fn wait(registers: AsyncRegisters) -> Result<(), Error> {
    /// let mut changes = registers.status_changes();
    /// while let Some(status) = changes.next().await.transpose()? {
    ///     println!("partition {}: member {:?} leads", status.partition, status.leader);
    ///     if status.health == Health::Healthy {
    ///         break;
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn status_changes(&self) -> StatusStream {
        StatusStream::new(self.handle())
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

    /// Listens to how the resource's partitions are doing, as [`AsyncProxy::status_changes`] does: the iterator blocks
    /// until there is a change.
    fn status_changes(&self) -> StatusIter {
        StatusIter::new(self.handle())
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
