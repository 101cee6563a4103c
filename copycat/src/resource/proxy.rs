//! The methods that every generated proxy has besides the user's methods.
//!
//! All of them are in traits. If the user has a method of the same name, it is the proxy's own method and takes
//! precedence.

use super::block_on::block_on;
use super::client::ResourceClient;
use super::commands::Commands;
use super::status::{StatusIter, StatusStream};
use crate::codec::access::Consistency;
use crate::error::Error;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::future::Future;

/// A typed client of an open resource: the `Async…` or `Sync…` type of a `#[state_machine]`.
///
/// Cheap to clone. Clones, and proxies derived from one another, share the open resource.
pub trait Proxy: Clone + Debug + Send + Sync + Sized + 'static {
    /// The table of its commands.
    type Commands: Commands;

    /// Makes the proxy of a client.
    #[doc(hidden)]
    fn from_client(client: ResourceClient) -> Self;

    /// Returns the client of the proxy.
    #[doc(hidden)]
    fn client(&self) -> &ResourceClient;

    /// Returns the resource's name.
    fn name(&self) -> &str {
        self.client().name()
    }

    /// Returns a proxy of the same resource whose reads use `consistency` instead of what their methods declare.
    /// Writes are not affected.
    #[must_use]
    fn with_consistency(&self, consistency: Consistency) -> Self {
        Self::from_client(self.client().with_consistency(consistency))
    }

    /// Returns a proxy whose calls form a line: they take effect in the order in which they are sent, that is, in
    /// which their futures are first polled. A read sees exactly those writes of the line that were sent before it.
    /// No call waits for the answer of an earlier one, so many calls may be in flight.
    ///
    /// Each `in_order()` begins a new line. Clones of the proxy, and proxies derived from it by
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
    /// - **Several partitions**: the order holds per partition, not across partitions.
    /// - **An error ends nothing.** Each call has its own outcome. A call that is refused (`Busy`, a full disk, a lost
    ///   leader) neither undoes nor stops the calls after it. A write with the outcome
    ///   [`Unknown`](crate::Outcome::Unknown) may take effect after later calls, or never. A read that was in flight
    ///   while the leader changed may be refused, where a read outside of a line would be passed on to the next leader.
    /// - **[`Eventual`](Consistency::Eventual) reads**: while a write of the line is unanswered, such a read goes to
    ///   the leader and sees it. Otherwise the member that receives the read answers from what it has applied. That may
    ///   be older than earlier answers of the line, those to its own writes included.
    /// - **Reads of different consistency** that are in flight at the same time, without a write of the line
    ///   between them, may run in either order.
    ///
    /// While the member's queue is full, a call waits for the calls sent before it. So a caller that polls one call
    /// must also poll the earlier ones, or drop them. A call that was dropped unanswered may still be in flight;
    /// from then on every read of the line goes to the leader and waits for all writes before it.
    #[must_use]
    fn in_order(&self) -> Self {
        Self::from_client(self.client().in_order())
    }
}

/// A proxy whose methods are `async`.
pub trait AsyncProxy: Proxy {
    /// The proxy of the same resource whose methods block.
    type Sync: SyncProxy<Async = Self, Commands = Self::Commands>;

    /// Returns a proxy of the same resource whose methods block the calling thread.
    fn to_sync(&self) -> Self::Sync {
        Self::Sync::from_client(self.client().clone())
    }

    /// Subscribes to the status of the resource's partitions: who leads each, in which term, and whether it can be
    /// used. Reports the current status of each first, and then its changes; see [`StatusStream`].
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
        StatusStream::new(self.client())
    }

    /// Sends a command by its name. `arguments` is the tuple of its arguments in the order of their
    /// declaration: `bank.submit::<u64>("deposit", &("ada", 100)).await?`. A number becomes the type that the command
    /// takes.
    ///
    /// # Errors
    ///
    /// The errors of the method itself. Also an error, with nothing sent, if there is no such command or the
    /// arguments do not fit it. If `R` is not the type of the result, the outcome of the error is
    /// [`Unknown`](crate::Outcome::Unknown) for a write, which was applied.
    fn submit<R: DeserializeOwned>(
        &self,
        name: &str,
        arguments: &impl Serialize,
    ) -> impl Future<Output = Result<R, Error>> + Send {
        // Encodes before the future is made, so that the future is `Send` whatever the arguments are.
        let prepared = self.client().prepare::<Self::Commands, _>(name, arguments);
        let client = self.client();
        async move { client.submit::<R>(prepared?).await }
    }

    /// Sends a command by its name, with its arguments as JSON, and returns its result as JSON. The arguments are an
    /// array in the order of their declaration, or an object with their names:
    /// `bank.submit_json("deposit", r#"{"account": "ada", "cents": 100}"#).await?`.
    ///
    /// Values have the form that serde's JSON has. What JSON cannot say: a float that is not finite is the text `"NaN"`,
    /// `"inf"` or `"-inf"`; whole numbers may be texts, for readers that round long ones; a map whose keys are neither
    /// texts nor numbers is an array of pairs; and `Some(None)`, `Some(())` are `{"Some": null}`.
    ///
    /// # Errors
    ///
    /// An error if there is no such command, if the arguments are no JSON or do not fit, or if the shape of one of them
    /// is not known; also the errors of calling the method.
    fn submit_json(&self, name: &str, arguments: &str) -> impl Future<Output = Result<String, Error>> + Send {
        let prepared = self.client().prepare_json::<Self::Commands>(name, arguments);
        let client = self.client();
        async move { client.submit_json(prepared?).await }
    }
}

/// A proxy whose methods block the calling thread, and only that thread.
///
/// They work inside and outside of a runtime. On one of the node's own threads (inside a state's method) they
/// return an error.
pub trait SyncProxy: Proxy {
    /// The proxy of the same resource whose methods are `async`.
    type Async: AsyncProxy<Sync = Self, Commands = Self::Commands>;

    /// Returns a proxy of the same resource whose methods are `async`.
    fn to_async(&self) -> Self::Async {
        Self::Async::from_client(self.client().clone())
    }

    /// Subscribes to the status of the resource's partitions, as [`AsyncProxy::status_changes`] does. The iterator
    /// blocks until there is a change.
    fn status_changes(&self) -> StatusIter {
        StatusIter::new(self.client())
    }

    /// Sends a command by its name. `arguments` is the tuple of its arguments in the order of their
    /// declaration: `bank.submit::<u64>("deposit", &("ada", 100))?`. A number becomes the type that the command takes.
    ///
    /// # Errors
    ///
    /// The errors of [`AsyncProxy::submit`]; also an error on a thread of a node.
    fn submit<R: DeserializeOwned>(&self, name: &str, arguments: &impl Serialize) -> Result<R, Error> {
        let prepared = self.client().prepare::<Self::Commands, _>(name, arguments)?;
        self.client().submit_blocking(prepared)
    }

    /// Sends a command by its name, with its arguments as JSON, and returns its result as JSON; see
    /// [`AsyncProxy::submit_json`].
    ///
    /// # Errors
    ///
    /// The errors of [`AsyncProxy::submit_json`]; also an error on a thread of a node.
    fn submit_json(&self, name: &str, arguments: &str) -> Result<String, Error> {
        let prepared = self.client().prepare_json::<Self::Commands>(name, arguments)?;
        self.client().may_block(prepared.0)?;
        block_on(self.client().submit_json(prepared))
    }
}
