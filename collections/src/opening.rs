//! Opens collections, on a member or through a remote handle.

use crate::host::Host;
use crate::{AsyncBoolean, AsyncList, AsyncLong, AsyncMap, AsyncMultiMap, AsyncReference, AsyncSet};
use copycat::{AsyncProxy, Copycat, Data, Dispatch, Error, Partitioned, Remote};
use std::fmt;
use std::marker::PhantomData;

/// A key of a collection: ordered and serializable. Implemented for every type that fulfils the bounds.
///
/// `f64` is not a key, because it is not `Ord`. Wrap it in a type that orders by `f64::total_cmp`.
///
/// ```compile_fail
/// fn key<K: copycat_collections::Key>() {}
///
/// key::<f64>();
/// ```
pub trait Key: Data + Ord + Clone + Send + Sync {}

impl<T: Data + Ord + Clone + Send + Sync> Key for T {}

/// A value of a collection: comparable and serializable. Implemented for every type that fulfils the bounds.
pub trait Value: Data + PartialEq + Clone + Send + Sync {}

impl<T: Data + PartialEq + Clone + Send + Sync> Value for T {}

/// The asynchronous proxy of a collection, with the type of its state.
pub trait Collection: AsyncProxy<Commands: Dispatch<Self::State>> {
    /// The type of the state. Every replica begins with its default.
    type State: Data + Default + Send;
}

/// Opens collections: on a member, [`Copycat`], and through a remote handle, [`Remote`].
///
/// A collection is a resource with a name. Every member opens it under that name, as the same type of collection
/// and with the same number of partitions. A process that is not a member opens it in the same way.
pub trait Collections: Host {
    /// Begins to open a [`Map`](crate::Map).
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::copycat(async |copycat| {
    /// use copycat_collections::{AsyncMap, Collections};
    ///
    /// let ages: AsyncMap<String, u32> = copycat.map("ages").with_partitions(4).open().await?;
    /// # Ok(()) });
    /// ```
    fn map<K: Key, V: Value>(&self, name: impl Into<String>) -> PartitionedBuilder<'_, Self, AsyncMap<K, V>> {
        PartitionedBuilder::new(self, name.into())
    }

    /// Begins to open a [`MultiMap`](crate::MultiMap).
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::copycat(async |copycat| {
    /// use copycat_collections::{AsyncMultiMap, Collections};
    ///
    /// let roles: AsyncMultiMap<String, String> = copycat.multi_map("roles").open().await?;
    /// # Ok(()) });
    /// ```
    fn multi_map<K: Key, V: Key>(
        &self,
        name: impl Into<String>,
    ) -> PartitionedBuilder<'_, Self, AsyncMultiMap<K, V>> {
        PartitionedBuilder::new(self, name.into())
    }

    /// Begins to open a [`Set`](crate::Set).
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::copycat(async |copycat| {
    /// use copycat_collections::{AsyncSet, Collections};
    ///
    /// let seen: AsyncSet<u64> = copycat.set("seen").with_partitions(4).open().await?;
    /// # Ok(()) });
    /// ```
    fn set<T: Key>(&self, name: impl Into<String>) -> PartitionedBuilder<'_, Self, AsyncSet<T>> {
        PartitionedBuilder::new(self, name.into())
    }

    /// Begins to open a [`List`](crate::List).
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::copycat(async |copycat| {
    /// use copycat_collections::{AsyncList, Collections};
    ///
    /// let tasks: AsyncList<String> = copycat.list("tasks").open().await?;
    /// # Ok(()) });
    /// ```
    fn list<T: Value>(&self, name: impl Into<String>) -> CollectionBuilder<'_, Self, AsyncList<T>> {
        CollectionBuilder::new(self, name.into())
    }

    /// Begins to open a [`Long`](crate::Long).
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::copycat(async |copycat| {
    /// use copycat_collections::{AsyncLong, Collections};
    ///
    /// let visits: AsyncLong = copycat.long("visits").open().await?;
    /// # Ok(()) });
    /// ```
    fn long(&self, name: impl Into<String>) -> CollectionBuilder<'_, Self, AsyncLong> {
        CollectionBuilder::new(self, name.into())
    }

    /// Begins to open a [`Boolean`](crate::Boolean).
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::copycat(async |copycat| {
    /// use copycat_collections::{AsyncBoolean, Collections};
    ///
    /// let open: AsyncBoolean = copycat.boolean("open").open().await?;
    /// # Ok(()) });
    /// ```
    fn boolean(&self, name: impl Into<String>) -> CollectionBuilder<'_, Self, AsyncBoolean> {
        CollectionBuilder::new(self, name.into())
    }

    /// Begins to open a [`Reference`](crate::Reference).
    ///
    /// ```
    /// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc.rs")); }
    /// # doc::copycat(async |copycat| {
    /// use copycat_collections::{AsyncReference, Collections};
    ///
    /// let motto: AsyncReference<String> = copycat.reference("motto").open().await?;
    /// # Ok(()) });
    /// ```
    fn reference<T: Value>(&self, name: impl Into<String>) -> CollectionBuilder<'_, Self, AsyncReference<T>> {
        CollectionBuilder::new(self, name.into())
    }
}

impl Collections for Copycat {}

impl Collections for Remote {}

/// Opens a collection with one partition.
#[must_use = "nothing is opened until `open` is called"]
pub struct CollectionBuilder<'a, H: ?Sized, C> {
    host: &'a H,
    name: String,
    collection: PhantomData<fn() -> C>,
}

impl<'a, H: Host + ?Sized, C: Collection> CollectionBuilder<'a, H, C> {
    fn new(host: &'a H, name: String) -> Self {
        CollectionBuilder { host, name, collection: PhantomData }
    }

    /// Opens the collection.
    ///
    /// # Errors
    ///
    /// On a member, the errors of [`StateMachineBuilder::open`](copycat::StateMachineBuilder::open); through a
    /// remote handle, those of [`RemoteResource::open`](copycat::RemoteResource::open).
    pub async fn open(self) -> Result<C, Error> {
        self.host.open_one(self.name).await
    }

    /// Opens the collection, blocking the calling thread: for programs without a runtime.
    ///
    /// # Errors
    ///
    /// The errors of [`open`](Self::open); also an error on a thread of a member, for example inside a state's method.
    pub fn open_sync(self) -> Result<C::Sync, Error> {
        Ok(self.host.open_one_sync::<C>(self.name)?.to_sync())
    }
}

/// Opens a collection that may have several partitions.
#[must_use = "nothing is opened until `open` is called"]
pub struct PartitionedBuilder<'a, H: ?Sized, C> {
    host: &'a H,
    name: String,
    partitions: u32,
    collection: PhantomData<fn() -> C>,
}

impl<'a, H: Host + ?Sized, C: Collection<Commands: Partitioned>> PartitionedBuilder<'a, H, C> {
    fn new(host: &'a H, name: String) -> Self {
        PartitionedBuilder { host, name, partitions: 1, collection: PhantomData }
    }

    /// Spreads the collection over several partitions, each with a leader and a log of its own: 1 to 1,024, default
    /// 1. The number must be the same on all members and remote handles, and can never change.
    pub fn with_partitions(mut self, partitions: u32) -> Self {
        self.partitions = partitions;
        self
    }

    /// Opens the collection.
    ///
    /// # Errors
    ///
    /// On a member, the errors of [`StateMachineBuilder::open`](copycat::StateMachineBuilder::open); through a
    /// remote handle, those of [`RemoteResource::open`](copycat::RemoteResource::open).
    pub async fn open(self) -> Result<C, Error> {
        self.host.open_many(self.name, self.partitions).await
    }

    /// Opens the collection, blocking the calling thread: for programs without a runtime.
    ///
    /// # Errors
    ///
    /// The errors of [`open`](Self::open); also an error on a thread of a member, for example inside a state's method.
    pub fn open_sync(self) -> Result<C::Sync, Error> {
        Ok(self.host.open_many_sync::<C>(self.name, self.partitions)?.to_sync())
    }
}

impl<H: ?Sized, C> fmt::Debug for CollectionBuilder<'_, H, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CollectionBuilder").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<H: ?Sized, C> fmt::Debug for PartitionedBuilder<'_, H, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("PartitionedBuilder");
        shown.field("name", &self.name).field("partitions", &self.partitions).finish_non_exhaustive()
    }
}
