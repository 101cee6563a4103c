//! Opens a state machine on a member.

use super::block_on::block_on_outside;
use super::client::{Partition, ResourceClient};
use super::commands::Partitioned;
use super::determinism::twin::Twin;
use super::dispatch::{Dispatch, Replica};
use super::proxy::Proxy;
use super::schema::checked_schema_of;
use crate::codec::ids::GroupId;
use crate::codec::shape::record::Conflict;
use crate::codec::shape::schema::Schema;
use crate::error::{Cause, CommandsError, ConfigError, Error};
use crate::node::machine::{Checks, Machine};
use crate::node::{AttachError, Node, OpenResource};
use crate::request::error::RequestError;
use crate::request::wire::resolve::{self, NAME_MAX};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::sync::Arc;

/// The most partitions of one resource.
pub(crate) const PARTITIONS_MAX: u32 = resolve::PARTITIONS_MAX as u32;

/// The marker of a resource with one partition: every command belongs to it.
#[derive(Clone, Copy, Debug)]
pub struct One;

/// The marker of a resource with several partitions, and their number: every command says where it belongs.
#[derive(Clone, Copy, Debug)]
pub struct Many(pub(crate) u32);

/// The number of partitions of a resource.
pub trait Partitions {
    /// Returns the number of partitions.
    fn count(&self) -> u32;
}

impl Partitions for One {
    fn count(&self) -> u32 {
        1
    }
}

impl Partitions for Many {
    fn count(&self) -> u32 {
        self.0
    }
}

/// Describes a state machine; `open` opens it and returns its proxy.
#[must_use = "nothing is opened until `open` is called"]
pub struct StateMachineBuilder<F, N> {
    node: Arc<Node>,
    name: String,
    init: F,
    partitions: N,
    checks_determinism: bool,
}

impl<F, N: fmt::Debug> fmt::Debug for StateMachineBuilder<F, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("StateMachineBuilder");
        shown.field("name", &self.name).field("partitions", &self.partitions).finish_non_exhaustive()
    }
}

impl<F> StateMachineBuilder<F, One> {
    pub(crate) fn new(node: Arc<Node>, name: String, init: F) -> StateMachineBuilder<F, One> {
        StateMachineBuilder { node, name, init, partitions: One, checks_determinism: false }
    }

    /// Spreads the state over several groups, by the hash of each command's key: 1 to 1,024, default 1. The number
    /// must be the same on all members and can never change. Compiles if every command has a key, `single`, `all`
    /// or (reads) `merge`.
    pub fn with_partitions(self, partitions: u32) -> StateMachineBuilder<F, Many> {
        StateMachineBuilder {
            node: self.node,
            name: self.name,
            init: self.init,
            partitions: Many(partitions),
            checks_determinism: self.checks_determinism,
        }
    }

    /// Opens the resource on this member and returns a proxy: `let bank: AsyncBank = ….open().await?`.
    ///
    /// Waits until the cluster is formed. The other members may open the resource later. While it is new to the
    /// cluster, only eventual reads are answered before a majority has opened it. Later the members know it from their
    /// logs, and take part before they have opened it again.
    ///
    /// # Errors
    ///
    /// An error if the name is empty or longer than 255 bytes, if the resource is already open in this process, if
    /// this member cannot join the cluster or has stopped, if a command has a type whose values cannot be decoded, if
    /// the types or the number of partitions contradict what is on record in the resource's log, or if the program is
    /// built with `panic = "abort"`.
    pub async fn open<P, S>(self) -> Result<P, Error>
    where
        F: Fn() -> S,
        S: Serialize + DeserializeOwned + Send + 'static,
        P: Proxy<Commands: Dispatch<S>>,
    {
        self.attach().await
    }

    /// Opens the resource as [`open`](Self::open) does, blocking the calling thread: for programs without a runtime.
    ///
    /// # Errors
    ///
    /// The errors of [`open`](Self::open); also an error on a thread of a member, for example inside a state's method.
    pub fn open_sync<P, S>(self) -> Result<P, Error>
    where
        F: Fn() -> S,
        S: Serialize + DeserializeOwned + Send + 'static,
        P: Proxy<Commands: Dispatch<S>>,
    {
        block_on_outside(self.open())
    }
}

impl<F> StateMachineBuilder<F, Many> {
    /// Opens the resource on this member and returns a proxy, as [`StateMachineBuilder::<F, One>::open`] does.
    ///
    /// # Errors
    ///
    /// The errors of that method; also an error if the number of partitions is 0 or above 1,024.
    pub async fn open<P, S>(self) -> Result<P, Error>
    where
        F: Fn() -> S,
        S: Serialize + DeserializeOwned + Send + 'static,
        P: Proxy<Commands: Dispatch<S> + Partitioned>,
    {
        self.attach().await
    }

    /// Opens the resource as [`open`](Self::open) does, blocking the calling thread: for programs without a runtime.
    ///
    /// # Errors
    ///
    /// The errors of [`open`](Self::open); also an error on a thread of a member, for example inside a state's method.
    pub fn open_sync<P, S>(self) -> Result<P, Error>
    where
        F: Fn() -> S,
        S: Serialize + DeserializeOwned + Send + 'static,
        P: Proxy<Commands: Dispatch<S> + Partitioned>,
    {
        block_on_outside(self.open())
    }
}

impl<F, N: Partitions> StateMachineBuilder<F, N> {
    /// Keeps a second copy of the state on this member, and compares: a check that the methods are deterministic.
    ///
    /// This member applies every command and runs every read twice, once on each copy. It compares the two answers
    /// each time. It compares the states at first after 1, 2, 4, 8, … commands, later after every 1,000th. Where they
    /// differ, the partition stops on this member: callers get an error before they get a wrong answer, and the log of
    /// the program says which method it was and what differs. The other partitions and members go on. Each member
    /// has the check or not; they need not agree.
    ///
    /// It notices less than [`assert_deterministic`](crate::assert_deterministic), because one copy runs right after
    /// the other on the same thread, and neither is written and read back. But it sees the commands that really come.
    ///
    /// It costs the memory of the second copy and twice the time of each method; while states are compared, the
    /// partition waits. It is meant for debug builds and for staging, not for production:
    ///
    /// ```
    /// # use copycat::{Cluster, Copycat, Member, MemoryNetwork, Storage, state_machine};
    /// # #[state_machine]
    /// # pub trait Counter {
    /// #     #[write]
    /// #     fn add(&mut self, by: u64) -> u64;
    /// # }
    /// # impl Counter for u64 {
    /// #     fn add(&mut self, by: u64) -> u64 {
    /// #         *self += by;
    /// #         *self
    /// #     }
    /// # }
    /// # tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(async {
    /// # let cluster = Cluster::builder().with_member_id(1).add_seed(Member::new(1, "one:1")).build()?;
    /// # let copycat = Copycat::builder()
    /// #     .with_cluster(cluster)
    /// #     .with_storage(Storage::memory())
    /// #     .with_memory_network(&MemoryNetwork::new())
    /// #     .open()
    /// #     .await?;
    /// let mut counter = copycat.state_machine("counter", u64::default);
    /// if cfg!(debug_assertions) {
    ///     counter = counter.with_determinism_check();
    /// }
    /// let counter: AsyncCounter = counter.open().await?;
    /// assert_eq!(counter.add(2).await?, 2);
    /// # copycat.close().await;
    /// # Ok::<(), copycat::Error>(())
    /// # }).expect("the example works");
    /// ```
    pub fn with_determinism_check(self) -> StateMachineBuilder<F, N> {
        StateMachineBuilder { checks_determinism: true, ..self }
    }

    async fn attach<P, S>(self) -> Result<P, Error>
    where
        F: Fn() -> S,
        S: Serialize + DeserializeOwned + Send + 'static,
        P: Proxy<Commands: Dispatch<S>>,
    {
        check_name(&self.name, self.partitions.count())?;
        if cfg!(panic = "abort") {
            return Err(Cause::PanicAborts.into());
        }
        let schema = checked_schema_of::<P::Commands>(&self.name)?;
        let schema = Arc::new(schema);
        let encoded = schema.encode().map_err(CommandsError::TooLarge)?;
        // What others could not read would be on record for ever.
        Schema::decode(&encoded).map_err(CommandsError::TooLarge)?;
        self.node.formed().await??;
        let replica = || Replica::new::<P::Commands>((self.init)(), schema.clone());
        let machine = || -> Box<dyn Machine> {
            match self.checks_determinism {
                true => Box::new(Twin::new(&self.name, schema.clone(), replica(), replica())),
                false => Box::new(replica()),
            }
        };
        let groups: Vec<_> =
            (0..self.partitions.count()).map(|number| group_of(&self.name, number)).collect();
        let machines = groups.iter().map(|_| machine()).collect();
        let checks = Checks::new(schema.clone());
        let (name, ids) = (self.name.clone(), groups.clone());
        let resource = OpenResource { name, groups, checks, encoded: encoded.into() };
        let attached = self.node.attach(resource, machines).await;
        attached.map_err(|error| refused(&self.name, error))?;
        let partition = |group| Partition { group, sender: self.node.request_sender() };
        let partitions = ids.into_iter().map(partition).collect();
        Ok(P::from_client(ResourceClient::new(&self.name, partitions, schema, self.node.status_sender())))
    }
}

/// Returns the error of a resource that a member did not open.
fn refused(resource: &str, error: AttachError) -> Error {
    let resource = resource.to_owned();
    match error {
        AttachError::AlreadyOpen => Cause::AlreadyOpen { resource }.into(),
        AttachError::NotFormed => RequestError::NoLeader.into(),
        AttachError::Stopped => RequestError::Stopped.into(),
        AttachError::Conflict(conflict) => match *conflict {
            Conflict::Partitions { recorded, opened } => {
                Cause::OtherPartitions { resource, expected: opened, found: recorded }.into()
            }
            _ => CommandsError::OnRecord { resource, conflict }.into(),
        },
    }
}

/// Returns the group of one partition. Remote handles ask the members for it instead.
pub(crate) fn group_of(resource: &str, partition: u32) -> GroupId {
    GroupId::of(resource, partition)
}

/// Refuses names of a wrong length and wrong numbers of partitions. Reports both errors at once.
pub(crate) fn check_name(name: &str, partitions: u32) -> Result<(), Error> {
    let mut errors = Vec::new();
    if name.is_empty() || name.len() > NAME_MAX {
        errors.push(ConfigError::NameLength(name.len()));
    }
    if partitions == 0 || partitions > PARTITIONS_MAX {
        errors.push(ConfigError::Partitions { limit: PARTITIONS_MAX, found: partitions });
    }
    if errors.is_empty() { Ok(()) } else { Err(Error::config("opening a resource", errors)) }
}
