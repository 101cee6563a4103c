//! Clusters in the test's own process, on either network, whose members are started and ended.

use super::store::{AsyncStore, Numbers};
use copycat::{
    AsyncProxy, Cluster, Consistency, Copycat, CopycatBuilder, Error, Member, MemoryNetwork, Outcome, Proxy,
    Remote, Role, Storage,
};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// Longest wait for any event. Only a defect, or an overloaded machine, makes it that long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Pause between two checks.
const LOOK: Duration = Duration::from_millis(10);
/// Name of the resource that most tests use.
pub(crate) const STORE: &str = "store";

/// The network of a cluster.
#[derive(Clone, Debug)]
pub(crate) enum Network {
    Tcp,
    Memory(MemoryNetwork),
}

impl Network {
    pub(crate) fn memory() -> Network {
        Network::Memory(MemoryNetwork::new())
    }

    fn address(&self) -> String {
        let port = free_port();
        match self {
            Network::Tcp => format!("127.0.0.1:{port}"),
            // A name in the form of an address.
            Network::Memory(_) => format!("memory:{port}"),
        }
    }

    /// Connects from outside the cluster to the members at these places.
    pub(crate) async fn remote(&self, members: &[Member]) -> Result<Remote, Error> {
        self.remote_with(members, Duration::from_secs(5)).await
    }

    /// Connects like `remote`, with another request timeout.
    pub(crate) async fn remote_with(&self, members: &[Member], timeout: Duration) -> Result<Remote, Error> {
        let builder = Remote::builder().with_request_timeout(timeout);
        let builder = members.iter().cloned().fold(builder, |all, member| all.add_member(member));
        match self {
            Network::Tcp => builder.connect().await,
            Network::Memory(network) => builder.with_memory_network(network).connect().await,
        }
    }
}

/// A running member, and its proxy of [`STORE`].
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) member: Copycat,
    pub(crate) store: AsyncStore,
}

/// A cluster: the places of its members, some of which run.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) network: Network,
    pub(crate) seeds: Vec<Member>,
    data_directory: TempDir,
    pub(crate) running: BTreeMap<u64, Running>,
    segment_len: u64,
    request_timeout: Duration,
    election_timeout: Duration,
}

impl World {
    /// Creates places for `members` members, none of which runs.
    pub(crate) fn empty(network: Network, members: u64) -> World {
        let seeds = (1..=members).map(|id| Member::new(id, network.address())).collect();
        let data_directory = TempDir::new().expect("a temporary directory can be made");
        let request_timeout = Duration::from_secs(10);
        let (running, election_timeout) = (BTreeMap::new(), Duration::from_millis(250));
        World {
            network,
            seeds,
            data_directory,
            running,
            segment_len: 1 << 20,
            request_timeout,
            election_timeout,
        }
    }

    /// Creates a cluster of `members` members that all run.
    pub(crate) async fn started(network: Network, members: u64) -> World {
        let mut world = World::empty(network, members);
        world.start_all().await;
        world
    }

    /// Sets the request timeout.
    pub(crate) fn with_request_timeout(mut self, timeout: Duration) -> World {
        self.request_timeout = timeout;
        self
    }

    /// Sets the election timeout; a short one suits tests that only start members.
    pub(crate) fn with_election_timeout(mut self, timeout: Duration) -> World {
        self.election_timeout = timeout;
        self
    }

    /// Sets the length of a segment in bytes.
    pub(crate) fn with_segment_len(mut self, bytes: u64) -> World {
        self.segment_len = bytes;
        self
    }

    pub(crate) fn directory(&self, id: u64) -> PathBuf {
        self.data_directory.path().join(format!("member-{id}"))
    }

    pub(crate) fn seed(&self, id: u64) -> &Member {
        self.seeds.iter().find(|seed| seed.id() == id).expect("a member of this world")
    }

    pub(crate) fn ids(&self) -> Vec<u64> {
        self.seeds.iter().map(Member::id).collect()
    }

    /// Returns the builder of the member `id`.
    pub(crate) fn builder(&self, id: u64) -> CopycatBuilder {
        let storage =
            Storage::builder().with_directory(self.directory(id)).with_segment_len(self.segment_len);
        self.builder_on(id, &self.seeds, storage.build().expect("a storage"))
    }

    /// Returns the builder of a member `id` with other seeds or another storage.
    pub(crate) fn builder_on(&self, id: u64, seeds: &[Member], storage: Storage) -> CopycatBuilder {
        let cluster = seeds
            .iter()
            .cloned()
            .fold(Cluster::builder().with_member_id(id), |all, seed| all.add_seed(seed))
            .build()
            .expect("a cluster");
        let builder = Copycat::builder()
            .with_cluster(cluster)
            .with_storage(storage)
            .with_election_timeout(self.election_timeout)
            .with_heartbeat_interval(self.election_timeout / 5)
            .with_request_timeout(self.request_timeout);
        match &self.network {
            Network::Tcp => builder,
            Network::Memory(network) => builder.with_memory_network(network),
        }
    }

    /// Starts a member from the contents of its disk.
    pub(crate) async fn start(&mut self, id: u64) {
        let member = open(self.builder(id)).await;
        let store = open_store(&member).await.expect("the resource opens");
        self.running.insert(id, Running { member, store });
    }

    /// Starts all members that do not run. Waits for none of them before all have begun.
    pub(crate) async fn start_all(&mut self) {
        let mut begun = Vec::new();
        for id in self.ids().into_iter().filter(|id| !self.running.contains_key(id)) {
            begun.push((id, open(self.builder(id)).await));
        }
        for (id, member) in begun {
            let store = open_store(&member).await.expect("the resource opens");
            self.running.insert(id, Running { member, store });
        }
    }

    /// Ends a member as a crash would.
    pub(crate) fn crash(&mut self, id: u64) {
        drop(self.running.remove(&id).expect("a running member"));
    }

    /// Ends a member in order.
    pub(crate) async fn close(&mut self, id: u64) {
        let running = self.running.remove(&id).expect("a running member");
        finite("an orderly close", running.member.close()).await;
    }

    /// Ends all members in order.
    pub(crate) async fn close_all(&mut self) {
        for id in self.running.keys().copied().collect::<Vec<_>>() {
            self.close(id).await;
        }
    }

    pub(crate) fn member(&self, id: u64) -> &Copycat {
        &self.running[&id].member
    }

    pub(crate) fn store(&self, id: u64) -> &AsyncStore {
        &self.running[&id].store
    }

    pub(crate) fn any(&self) -> &AsyncStore {
        &self.running.values().next().expect("a running member").store
    }

    /// Waits until a member leads a group, and returns its id.
    pub(crate) async fn leader_of(&self, resource: &str) -> u64 {
        until("a leader", async || {
            for (id, running) in &self.running {
                let status = running.member.status().await.expect("a running member");
                if status.group(resource, 0).is_some_and(|group| group.role == Role::Leader) {
                    return Some(*id);
                }
            }
            None
        })
        .await
    }

    pub(crate) async fn leader(&self) -> u64 {
        self.leader_of(STORE).await
    }

    /// Waits until every running member holds the same state, and returns it.
    pub(crate) async fn agreed(&self) -> Vec<(String, u64)> {
        // A strict read returns the state that replicas must reach: they may agree on an older one.
        let newest = patiently(async || self.any().dump().await).await;
        until("equal replicas", async || {
            for running in self.running.values() {
                let mut own = running.store.with_consistency(Consistency::Eventual).dump().await.ok()?;
                own.sort();
                let mut wanted = newest.clone();
                wanted.sort();
                if own != wanted {
                    return None;
                }
            }
            Some(newest.clone())
        })
        .await
    }
}

/// Writes until the leader has noticed that it has no majority, and then once more. Returns the keys that were
/// certainly not written. Writes that it proposed before it noticed may still be committed.
pub(crate) async fn refused_writes(store: &AsyncStore) -> Vec<String> {
    let (mut never, mut attempts) = (Vec::new(), 0);
    until("a leader that has noticed", async || {
        attempts += 1;
        let key = format!("attempt-{attempts}");
        let error = store.put(key.clone(), 1).await.expect_err("there is no majority");
        match (error.code(), error.outcome()) {
            (1, Outcome::NotApplied) => never.push(key),
            (3, Outcome::Unknown) => {}
            _ => panic!("{error}"),
        }
        assert!(error.is_retryable(), "{error}");
        (never.len() > 1).then_some(())
    })
    .await;
    never
}

/// Starts a member. The earlier process may still use its address for a moment.
pub(crate) async fn open(builder: CopycatBuilder) -> Copycat {
    finite("opening a member", builder.open()).await.expect("the member starts")
}

pub(crate) async fn open_store(member: &Copycat) -> Result<AsyncStore, Error> {
    finite("opening a resource", member.state_machine(STORE, Numbers::default).open()).await
}

/// Waits for a future that must complete within [`PATIENCE`].
pub(crate) async fn finite<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what} does not end"))
}

/// Checks again until `look` returns a value.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    finite(what, async {
        loop {
            ticks.tick().await;
            if let Some(seen) = look().await {
                return seen;
            }
        }
    })
    .await
}

/// Repeats a call with retryable errors until it succeeds: leaders change, and machines are slow.
pub(crate) async fn patiently<T>(mut call: impl AsyncFnMut() -> Result<T, Error>) -> T {
    until("an answer", async || match call().await {
        Ok(answer) => Some(answer),
        Err(error) if error.is_retryable() => None,
        Err(error) => panic!("{error}"),
    })
    .await
}

/// Repeats a write that must not be applied twice as long as it was certainly not applied. The outcome is unknown
/// only after a crash, which the tests that use this do not cause.
pub(crate) async fn once<T>(mut call: impl AsyncFnMut() -> Result<T, Error>) -> T {
    until("an answer", async || match call().await {
        Ok(answer) => Some(answer),
        Err(error) if error.is_retryable() && error.outcome() == Outcome::NotApplied => None,
        Err(error) => panic!("{error}"),
    })
    .await
}

/// Runs a test on a runtime of its own.
pub(crate) fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(test);
}

/// Returns a free port of loopback that this process was not given before. It is below those that the system assigns,
/// so it is still free when a member returns to it.
pub(crate) fn free_port() -> u16 {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let port = fastrand::u16(20_000..32_000);
        if !given.contains(&port) && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            given.insert(port);
            return port;
        }
    }
}

/// Returns a blocking proxy, as a program without a runtime uses it.
pub(crate) fn blocking(store: &AsyncStore) -> super::store::SyncStore {
    store.to_sync()
}
