//! The remote handle: access to a cluster from a process that is not a member of it.

use super::MemoryNetwork;
use super::durations::{REQUEST_TIMEOUT, outside};
use crate::cluster::Member;
use crate::codec::access::{Access, Consistency};
use crate::codec::ids::{GroupId, MemberId, MethodId};
use crate::codec::shape::schema::{Difference, Schema};
use crate::error::{CallSite, Cause, CommandsError, ConfigError, Error, JsonError};
use crate::remote::{Options, RemoteClient, Resource};
use crate::resource::block_on::block_on_outside;
use crate::resource::client::{Partition, ResourceClient};
use crate::resource::commands::Partitioned;
use crate::resource::json;
use crate::resource::partitioner::HashPartitioner;
use crate::resource::proxy::Proxy;
use crate::resource::schema::checked_schema_of;
use crate::resource::state_machine::{Many, One, Partitions, check_name};
use crate::transport::network::Transport;
use crate::transport::tcp::Tcp;
use std::sync::Arc;
use std::time::Duration;

/// A remote handle: the connections of a process to a cluster that it is not a member of.
///
/// One connection goes to some member, the default member. When that member fails, another becomes the default one.
/// Another connection goes to the leader of each group that is used, if it can be reached from here. There is at most
/// one connection per member.
///
/// A remote handle serves the same proxies as a member does, one hop further away; it stores nothing and does not
/// vote. If a leader cannot be reached, another member forwards requests to it.
/// [`Eventual`](crate::Consistency::Eventual) reads need no leader and go to the default member. Other calls of
/// one partition arrive in the order in which they are sent, even if its leader changes; so does an eventual read of a
/// line ([`in_order`](crate::Proxy::in_order)) among them. Calls in flight on a connection that breaks are not
/// repeated, and their outcome is unknown. Dropping the handle cuts its connections: callers that still wait are told
/// that the outcome is unknown.
#[derive(Debug)]
pub struct Remote {
    client: RemoteClient,
}

impl Remote {
    /// Begins the description of a remote handle.
    pub fn builder() -> RemoteBuilder {
        RemoteBuilder { members: Vec::new(), network: Arc::new(Tcp), request_timeout: Duration::from_secs(5) }
    }

    /// Begins to open a resource that the cluster's members have opened under that name.
    pub fn resource(&self, name: impl Into<String>) -> RemoteResource<'_, One> {
        RemoteResource { remote: self, name: name.into(), partitions: One }
    }
}

/// Describes a remote handle; [`connect`](Self::connect) opens it.
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
    /// Adds a member, and the address at which this process reaches it. One member suffices; with several, any of
    /// them may be down.
    ///
    /// A leader that was not added is dialed at the address that the members use for it. A leader that was added is
    /// dialed only at the address given here, which may be that of a gateway in front of it.
    pub fn add_member(mut self, member: Member) -> Self {
        self.members.push(member);
        self
    }

    /// Reaches the members in memory instead of over TCP: for tests and for clusters within one process.
    pub fn with_memory_network(mut self, network: &MemoryNetwork) -> Self {
        self.network = Arc::new(network.0.clone());
        self
    }

    /// Sets how long a request may take before its caller gets an error. Default 5 s, 10 ms to 10 min.
    pub fn with_request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// Connects to the first member that answers.
    ///
    /// # Errors
    ///
    /// All errors of the description at once ([`Error::config_errors`]), or an error if no member could be reached.
    pub async fn connect(self) -> Result<Remote, Error> {
        let mut errors = Vec::new();
        if self.members.is_empty() {
            errors.push(ConfigError::NoMembers);
        }
        if self.members.iter().any(|member| member.id() == 0) {
            errors.push(ConfigError::ZeroMemberId);
        }
        let bad = self.members.iter().filter(|member| !member.has_address());
        errors.extend(bad.map(|member| ConfigError::BadAddress(member.address().into())));
        errors.extend(outside("with_request_timeout", self.request_timeout, REQUEST_TIMEOUT));
        if !errors.is_empty() {
            return Err(Error::config("Remote::builder()", errors));
        }
        let address = |member: &Member| (MemberId(member.id()), member.address().to_owned());
        let members = self.members.iter().map(address).collect();
        let options = Options { members, network: self.network, request_timeout: self.request_timeout };
        let client = RemoteClient::connect(options).await.map_err(Cause::from)?;
        Ok(Remote { client })
    }

    /// Connects as [`connect`](Self::connect) does, blocking the calling thread: for programs without a runtime.
    ///
    /// # Errors
    ///
    /// The errors of [`connect`](Self::connect); also an error on a thread of a member, for example inside a
    /// state's method.
    pub fn connect_sync(self) -> Result<Remote, Error> {
        block_on_outside(self.connect())
    }
}

/// Opens a resource of the cluster through a remote handle.
#[derive(Debug)]
#[must_use = "nothing is opened until `open` is called"]
pub struct RemoteResource<'a, N> {
    remote: &'a Remote,
    name: String,
    partitions: N,
}

impl<'a> RemoteResource<'a, One> {
    /// Sets the number of partitions, which must be the number that the members opened the resource with.
    pub fn with_partitions(self, partitions: u32) -> RemoteResource<'a, Many> {
        RemoteResource { remote: self.remote, name: self.name, partitions: Many(partitions) }
    }

    /// Opens a resource with one partition, and returns its proxy. Asks the members for it, and waits for one that
    /// has opened it as a majority of them has.
    ///
    /// # Errors
    ///
    /// An error if the name is empty or longer than 255 bytes, if no member that answers within the request timeout
    /// has opened the resource as a majority has, or if the members opened it with several partitions, or with commands whose types
    /// contradict those of this program.
    pub async fn open<P: Proxy>(self) -> Result<P, Error> {
        self.proxy().await
    }

    /// Opens the resource as [`open`](Self::open) does, blocking the calling thread: for programs without a runtime.
    ///
    /// # Errors
    ///
    /// The errors of [`open`](Self::open); also an error on a thread of a member, for example inside a state's method.
    pub fn open_sync<P: Proxy>(self) -> Result<P, Error> {
        block_on_outside(self.open())
    }

    /// Sends one command by its name, with arguments and result as JSON, in the form that
    /// [`AsyncProxy::submit_json`](crate::AsyncProxy::submit_json) describes. Needs neither the trait nor its types: the
    /// members say what is on record in the resource's log. Asks them each time.
    ///
    /// # Errors
    ///
    /// The errors of [`open`](Self::open) and of `submit_json`; also an error if the command has no key and the resource
    /// has several partitions, because only the program's code says to which of them it goes.
    pub async fn submit_json(self, name: &str, arguments: &str) -> Result<String, Error> {
        check_name(&self.name, 1)?;
        let (groups, schema) = self.resolve().await?;
        let (resource, method): (Arc<str>, _) =
            (self.name.into(), schema.methods.iter().find(|method| method.name == name));
        let unknown = || Cause::UnknownMethod { name: name.into(), resource: resource.clone() };
        let method = method.ok_or_else(unknown)?;
        let call_site =
            CallSite { resource: resource.clone(), method: name.to_owned().into(), read: method.read };
        let encoded = json::arguments(arguments, method, &schema.types, true)
            .map_err(|error| error.at(call_site.clone()))?;
        let at = match method.key {
            Some(_) => HashPartitioner::partition(encoded.key(), groups.len()),
            None if groups.len() == 1 => 0,
            None => {
                return Err(
                    Error::from(Cause::Json(JsonError::Keyless { partitions: groups.len() })).at(call_site)
                );
            }
        };
        let access = if method.read { Access::read(Consistency::Strict) } else { Access::Write };
        let call = encoded.into_call(access, MethodId(method.id));
        let answer = self.remote.client.request_sender().call(groups[at], call).await;
        let result = answer.map_err(|error| Error::from(error).at(call_site.clone()))?;
        json::result(&result, method, &schema.types).map_err(|kind| Error::from(kind).at(call_site))
    }
}

impl RemoteResource<'_, Many> {
    /// Opens a resource with several partitions, and returns its proxy. Asks the members for it, and waits for one
    /// that has opened it as a majority of them has.
    ///
    /// # Errors
    ///
    /// An error if the name or the number of partitions is outside of its bounds, if no member that answers within
    /// the request timeout has opened the resource as a majority has, or if the members opened it with another number of partitions, or
    /// with commands whose types contradict those of this program.
    pub async fn open<P: Proxy<Commands: Partitioned>>(self) -> Result<P, Error> {
        self.proxy().await
    }

    /// Opens the resource as [`open`](Self::open) does, blocking the calling thread: for programs without a runtime.
    ///
    /// # Errors
    ///
    /// The errors of [`open`](Self::open); also an error on a thread of a member, for example inside a state's method.
    pub fn open_sync<P: Proxy<Commands: Partitioned>>(self) -> Result<P, Error> {
        block_on_outside(self.open())
    }
}

impl<N: Partitions> RemoteResource<'_, N> {
    /// Asks the members which groups the resource has, and which commands are on record.
    async fn resolve(&self) -> Result<(Vec<GroupId>, Schema), Error> {
        match self.remote.client.resolve(&self.name).await {
            Ok(Resource { groups, schema }) => {
                let unreadable = |error| CommandsError::Unreadable { resource: self.name.clone(), error };
                Ok((groups, Schema::decode(&schema).map_err(unreadable)?))
            }
            Err(error) => Err(Cause::Unresolved { resource: self.name.clone(), error }.into()),
        }
    }

    async fn proxy<P: Proxy>(self) -> Result<P, Error> {
        let count = self.partitions.count();
        check_name(&self.name, count)?;
        let schema = checked_schema_of::<P::Commands>(&self.name)?;
        let (groups, theirs) = self.resolve().await?;
        let found = groups.len() as u32;
        if found != count {
            return Err(Cause::OtherPartitions { resource: self.name, expected: count, found }.into());
        }
        check_schema(&self.name, &theirs, &schema)?;
        let sender = self.remote.client.request_sender();
        let partition = |group| Partition { group, sender: sender.clone() };
        let (partitions, listening) =
            (groups.into_iter().map(partition).collect(), self.remote.client.status_sender());
        Ok(P::from_client(ResourceClient::new(&self.name, partitions, Arc::new(schema), listening)))
    }
}

/// Refuses a program whose commands contradict those of the members. A command that only one of them has is no
/// contradiction: it is not known there, and says so.
fn check_schema(resource: &str, theirs: &Schema, ours: &Schema) -> Result<(), Error> {
    let mut differences = theirs.differences(ours);
    differences.retain(Difference::is_contradiction);
    if differences.is_empty() {
        return Ok(());
    }
    Err(CommandsError::Other { resource: resource.into(), differences }.into())
}
