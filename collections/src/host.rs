//! The two types that open resources: a member, and a remote handle.

use crate::Collection;
use copycat::{Copycat, Error, Partitioned, Remote};
use std::future::Future;

/// A type that opens resources. A member also creates the state, a remote handle does not.
pub trait Host {
    /// Opens a resource with one partition.
    fn open_one<C: Collection>(&self, name: String) -> impl Future<Output = Result<C, Error>> + Send;

    /// Opens a resource with several partitions.
    fn open_many<C: Collection<Commands: Partitioned>>(
        &self,
        name: String,
        partitions: u32,
    ) -> impl Future<Output = Result<C, Error>> + Send;

    /// Opens a resource with one partition, blocking the thread.
    fn open_one_sync<C: Collection>(&self, name: String) -> Result<C, Error>;

    /// Opens a resource with several partitions, blocking the thread.
    fn open_many_sync<C: Collection<Commands: Partitioned>>(
        &self,
        name: String,
        partitions: u32,
    ) -> Result<C, Error>;
}

impl Host for Copycat {
    async fn open_one<C: Collection>(&self, name: String) -> Result<C, Error> {
        self.state_machine(name, C::State::default).open().await
    }

    async fn open_many<C: Collection<Commands: Partitioned>>(
        &self,
        name: String,
        partitions: u32,
    ) -> Result<C, Error> {
        self.state_machine(name, C::State::default).with_partitions(partitions).open().await
    }

    fn open_one_sync<C: Collection>(&self, name: String) -> Result<C, Error> {
        self.state_machine(name, C::State::default).open_sync()
    }

    fn open_many_sync<C: Collection<Commands: Partitioned>>(
        &self,
        name: String,
        partitions: u32,
    ) -> Result<C, Error> {
        self.state_machine(name, C::State::default).with_partitions(partitions).open_sync()
    }
}

impl Host for Remote {
    async fn open_one<C: Collection>(&self, name: String) -> Result<C, Error> {
        self.resource(name).open().await
    }

    async fn open_many<C: Collection<Commands: Partitioned>>(
        &self,
        name: String,
        partitions: u32,
    ) -> Result<C, Error> {
        self.resource(name).with_partitions(partitions).open().await
    }

    fn open_one_sync<C: Collection>(&self, name: String) -> Result<C, Error> {
        self.resource(name).open_sync()
    }

    fn open_many_sync<C: Collection<Commands: Partitioned>>(
        &self,
        name: String,
        partitions: u32,
    ) -> Result<C, Error> {
        self.resource(name).with_partitions(partitions).open_sync()
    }
}
