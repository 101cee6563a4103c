//! A handle to a cluster from a process that is no member of it.

use super::MemoryNetwork;
use super::durations::{REQUEST_TIMEOUT, outside};
use crate::cluster::Member;
use crate::codec::ids::MemberId;
use crate::error::{Error, Mistake, Problem};
use crate::remote::{Options, RemoteNode};
use crate::resource::block_on::block_on_outside;
use crate::resource::commands::Partitioned;
use crate::resource::handle::{Handle, Partition};
use crate::resource::proxy::Proxy;
use crate::resource::state_machine::{Many, One, Partitions, check_name};
use crate::transport::network::Transport;
use crate::transport::tcp::Tcp;
use std::sync::Arc;
use std::time::Duration;

/// Connections to a cluster: one to some member, moved to another when that fails, and one to the leader of each
/// group that is used, as far as it can be reached from here. At most one per member.
///
/// Drives the same proxies as a member does, one hop further away; stores nothing and votes on nothing. Where a
/// leader cannot be reached, another member passes requests on to it; [`Eventual`](crate::Consistency::Eventual)
/// reads need none and stay with whichever member was found first. Calls of one partition that are handed in one
/// after the other arrive in that order, also when its leader changes; calls under way on a connection that breaks
/// are not repeated, and their outcome is unknown. Dropping the handle cuts its connections: whoever still waits is told that the outcome is unknown.
#[derive(Debug)]
pub struct Remote {
    node: RemoteNode,
}

impl Remote {
    /// Begins to describe a connection.
    pub fn builder() -> RemoteBuilder {
        RemoteBuilder { members: Vec::new(), network: Arc::new(Tcp), request_timeout: Duration::from_secs(5) }
    }

    /// A resource that the cluster's members have opened under that name.
    pub fn resource(&self, name: impl Into<String>) -> RemoteResource<'_, One> {
        RemoteResource { remote: self, name: name.into(), partitions: One }
    }
}

/// Describes a connection to a cluster; [`connect`](Self::connect) opens it.
#[derive(Clone)]
#[must_use = "a builder does nothing until `connect` is called"]
pub struct RemoteBuilder {
    members: Vec<Member>,
    network: Arc<dyn Transport>,
    request_timeout: Duration,
}

impl std::fmt::Debug for RemoteBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteBuilder").field("members", &self.members).finish_non_exhaustive()
    }
}

impl RemoteBuilder {
    /// Adds a member that may be asked, and where this process reaches it. One suffices; with several, any of them
    /// may be down.
    ///
    /// Leaders that are not among them are looked for where the members reach each other. A leader that is, is looked
    /// for at the address given here and nowhere else: it may be that of a gateway in front of it.
    pub fn add_member(mut self, member: Member) -> Self {
        self.members.push(member);
        self
    }

    /// Looks for the members in memory instead of over TCP: for tests and for clusters within one process.
    pub fn with_memory_network(mut self, network: &MemoryNetwork) -> Self {
        self.network = Arc::new(network.0.clone());
        self
    }

    /// How long a request may take before its caller is told. Default 5 s, 10 ms to 10 min.
    pub fn with_request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// Connects to the first member that answers.
    ///
    /// # Errors
    ///
    /// All mistakes of the description at once ([`Error::mistakes`]); or that no member could be reached.
    pub async fn connect(self) -> Result<Remote, Error> {
        let mut mistakes = Vec::new();
        if self.members.is_empty() {
            mistakes.push(Mistake::NoSeeds);
        }
        let bad = self.members.iter().filter(|member| !member.has_address());
        mistakes.extend(bad.map(|member| Mistake::BadAddress(member.address().into())));
        mistakes.extend(outside("the request timeout", self.request_timeout, REQUEST_TIMEOUT));
        if !mistakes.is_empty() {
            return Err(Error::from(mistakes));
        }
        let place = |member: &Member| (MemberId(member.id()), member.address().to_owned());
        let members = self.members.iter().map(place).collect();
        let options = Options { members, network: self.network, request_timeout: self.request_timeout };
        let node = RemoteNode::connect(options).await.map_err(Problem::from)?;
        Ok(Remote { node })
    }

    /// The same, blocking the calling thread: for programs without a runtime.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect); and on a thread of a member, inside a state's method for example.
    pub fn connect_sync(self) -> Result<Remote, Error> {
        block_on_outside(self.connect())
    }
}

/// A resource of the cluster, seen from outside.
#[derive(Debug)]
#[must_use = "nothing is opened until `open` is called"]
pub struct RemoteResource<'a, N> {
    remote: &'a Remote,
    name: String,
    partitions: N,
}

impl<'a> RemoteResource<'a, One> {
    /// The resource has several partitions: as many as its members opened it with.
    pub fn with_partitions(self, partitions: u32) -> RemoteResource<'a, Many> {
        RemoteResource { remote: self.remote, name: self.name, partitions: Many(partitions) }
    }

    /// The proxy of a resource with one partition: asks the members for it, and waits for one that has opened it.
    ///
    /// # Errors
    ///
    /// If the name cannot be one; if no member that answers within the request timeout has opened the resource; or if
    /// they opened it with several partitions.
    pub async fn open<P: Proxy>(self) -> Result<P, Error> {
        self.proxy().await
    }

    /// The same, blocking the calling thread: for programs without a runtime.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); and on a thread of a member, inside a state's method for example.
    pub fn open_sync<P: Proxy>(self) -> Result<P, Error> {
        block_on_outside(self.open())
    }
}

impl RemoteResource<'_, Many> {
    /// The proxy of a resource with several partitions: asks the members for it, and waits for one that has opened it.
    ///
    /// # Errors
    ///
    /// If the name or the number of partitions cannot be one; if no member that answers within the request timeout has
    /// opened the resource; or if they opened it with another number of partitions.
    pub async fn open<P: Proxy<Commands: Partitioned>>(self) -> Result<P, Error> {
        self.proxy().await
    }

    /// The same, blocking the calling thread: for programs without a runtime.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); and on a thread of a member, inside a state's method for example.
    pub fn open_sync<P: Proxy<Commands: Partitioned>>(self) -> Result<P, Error> {
        block_on_outside(self.open())
    }
}

impl<N: Partitions> RemoteResource<'_, N> {
    async fn proxy<P: Proxy>(self) -> Result<P, Error> {
        let count = self.partitions.count();
        check_name(&self.name, count)?;
        let groups = match self.remote.node.resolve(&self.name).await {
            Ok(groups) => groups,
            Err(error) => return Err(Problem::Unresolved { resource: self.name, error }.into()),
        };
        let found = groups.len() as u32;
        if found != count {
            return Err(Problem::OtherPartitions { resource: self.name, expected: count, found }.into());
        }
        let sender = self.remote.node.request_sender();
        let partition = |group| Partition { group, sender: sender.clone() };
        let (partitions, listening) =
            (groups.into_iter().map(partition).collect(), self.remote.node.status_sender());
        Ok(P::from_handle(Handle::new(&self.name, partitions, listening)))
    }
}
