// The examples in the documentation run against this: one member, in memory. Each of them includes this file.

use copycat::{Cluster, Copycat, Error, Member, MemoryNetwork, Storage};
use copycat_collections::*;
use std::time::Duration;

pub fn copycat(example: impl AsyncFnOnce(Copycat) -> Result<(), Error>) {
    run(example);
}

pub fn map(example: impl AsyncFnOnce(AsyncMap<String, u32>) -> Result<(), Error>) {
    run(async |copycat| example(copycat.map("ages").with_partitions(2).open().await?).await);
}

pub fn multi_map(example: impl AsyncFnOnce(AsyncMultiMap<String, String>) -> Result<(), Error>) {
    run(async |copycat| example(copycat.multi_map("roles").with_partitions(2).open().await?).await);
}

pub fn set(example: impl AsyncFnOnce(AsyncSet<u32>) -> Result<(), Error>) {
    run(async |copycat| example(copycat.set("seen").with_partitions(2).open().await?).await);
}

pub fn list(example: impl AsyncFnOnce(AsyncList<String>) -> Result<(), Error>) {
    run(async |copycat| example(copycat.list("tasks").open().await?).await);
}

pub fn long(example: impl AsyncFnOnce(AsyncLong) -> Result<(), Error>) {
    run(async |copycat| example(copycat.long("visits").open().await?).await);
}

pub fn boolean(example: impl AsyncFnOnce(AsyncBoolean) -> Result<(), Error>) {
    run(async |copycat| example(copycat.boolean("open").open().await?).await);
}

pub fn reference(example: impl AsyncFnOnce(AsyncReference<String>) -> Result<(), Error>) {
    run(async |copycat| example(copycat.reference("motto").open().await?).await);
}

fn run(example: impl AsyncFnOnce(Copycat) -> Result<(), Error>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let cluster = Cluster::builder().with_member_id(1).add_seed(Member::new(1, "one:1")).build();
    let member = Copycat::builder()
        .with_cluster(cluster.expect("a cluster"))
        .with_storage(Storage::memory())
        .with_memory_network(&MemoryNetwork::new())
        .with_election_timeout(Duration::from_millis(20))
        .with_heartbeat_interval(Duration::from_millis(5));
    runtime.block_on(async { example(member.open().await?).await }).expect("the example works");
}
