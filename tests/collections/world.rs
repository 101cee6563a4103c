//! Three members with logs on disk, over TCP. Any of them may be killed and started again.

use copycat::{Cluster, Copycat, Error, Member, Remote, Role, Storage};
use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longest wait for any event. Only a defect, or an overloaded machine, makes it that long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Pause between two checks.
const LOOK: Duration = Duration::from_millis(2);
/// Number of members. One of them may be down.
pub(crate) const MEMBERS: usize = 3;

/// A cluster in this process.
pub(crate) struct World {
    places: Vec<Member>,
    data_directory: TempDir,
    seats: Vec<Seat>,
}

/// The place of a member, which is empty while the member is down.
struct Seat {
    /// Threads that open something on the member lock it for reading; the thread that kills it locks it for writing.
    member: RwLock<Option<Copycat>>,
    /// Number of starts. Proxies of an earlier life are dead.
    life: AtomicU64,
}

impl World {
    /// Starts all members.
    pub(crate) fn start() -> World {
        let places = (1..=MEMBERS as u64).map(|id| Member::new(id, format!("127.0.0.1:{}", free_port())));
        let data_directory = TempDir::new().expect("a temporary directory");
        let seat = || Seat { member: RwLock::new(None), life: AtomicU64::new(0) };
        let world =
            World { places: places.collect(), data_directory, seats: (0..MEMBERS).map(|_| seat()).collect() };
        (0..MEMBERS).for_each(|at| world.revive(at));
        world
    }

    /// Returns how often a member was started.
    pub(crate) fn life(&self, at: usize) -> u64 {
        self.seats[at].life.load(Ordering::Acquire)
    }

    /// Calls `act` with a member, which is not killed meanwhile; returns `None` while it is down.
    pub(crate) fn with_member<T>(&self, at: usize, act: impl FnOnce(&Copycat) -> T) -> Option<T> {
        self.seats[at].member.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(act)
    }

    /// Ends a member as a crash does: nothing is flushed, and no peer or client is informed.
    pub(crate) fn kill(&self, at: usize) {
        let mut seat = self.seats[at].member.write().unwrap_or_else(PoisonError::into_inner);
        drop(seat.take().expect("a member that runs"));
    }

    /// Starts a member from the contents of its disk.
    pub(crate) fn revive(&self, at: usize) {
        let member = self.open(at).expect("the member starts");
        let mut seat = self.seats[at].member.write().unwrap_or_else(PoisonError::into_inner);
        assert!(seat.replace(member).is_none(), "it was down");
        self.seats[at].life.fetch_add(1, Ordering::Release);
    }

    fn open(&self, at: usize) -> Result<Copycat, Error> {
        let me = Cluster::builder().with_member_id(self.places[at].id());
        let cluster = self.places.iter().cloned().fold(me, |all, seed| all.add_seed(seed)).build()?;
        let storage = Storage::builder().with_directory(self.directory(at)).with_segment_len(8 << 20);
        Copycat::builder()
            .with_cluster(cluster)
            .with_storage(storage.build()?)
            .with_election_timeout(Duration::from_millis(300))
            .with_heartbeat_interval(Duration::from_millis(60))
            .with_request_timeout(Duration::from_secs(10))
            .open_sync()
    }

    fn directory(&self, at: usize) -> PathBuf {
        self.data_directory.path().join(format!("member-{}", at + 1))
    }

    /// Connects from outside the cluster.
    pub(crate) async fn remote(&self) -> Remote {
        let builder = self.places.iter().cloned().fold(Remote::builder(), |all, place| all.add_member(place));
        builder.connect().await.expect("a connection")
    }

    /// Returns the leader of each group, as far as the running members know.
    pub(crate) fn leaders(&self) -> BTreeMap<u64, usize> {
        let mut leaders = BTreeMap::new();
        for at in 0..MEMBERS {
            let status = self.with_member(at, |member| block_on(member.status()).expect("a running member"));
            let groups = status.into_iter().flat_map(|status| status.groups);
            let led = groups.filter(|group| group.role == Role::Leader);
            leaders.extend(led.map(|group| (group.group, at)));
        }
        leaders
    }

    /// Ends all members in order.
    pub(crate) fn close(self) {
        for seat in self.seats {
            let member = seat.member.into_inner().unwrap_or_else(PoisonError::into_inner);
            member.expect("all members run").close_sync().expect("an orderly close");
        }
    }
}

/// Checks again until `look` returns a value.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(begun.elapsed() < PATIENCE, "{what} did not come about");
        thread::park_timeout(LOOK);
    }
}

/// Waits for a future on the current thread.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    }
    RUNTIME.with(|runtime| {
        let waited = runtime.block_on(async { tokio::time::timeout(PATIENCE, future).await });
        waited.expect("an answer comes, if only an error")
    })
}

/// Returns a free port of loopback that this process was not given before. It is below those that the system assigns,
/// so it is still free when a member returns to it.
fn free_port() -> u16 {
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
