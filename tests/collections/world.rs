//! Three members with logs on disk, over TCP, any of which may be killed and comes back.

use copycat::{Cluster, Copycat, Error, Member, Remote, Role, Storage};
use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longest wait for anything: only a defect, or a machine that is long past its limits, makes it that long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Pause between two looks.
const LOOK: Duration = Duration::from_millis(2);
/// How many members there are: one may be down.
pub(crate) const MEMBERS: usize = 3;

/// A cluster in this process.
pub(crate) struct World {
    places: Vec<Member>,
    home: TempDir,
    seats: Vec<Seat>,
}

/// The place of a member, which is empty while it is down.
struct Seat {
    /// Whoever opens something on the member reads, whoever kills it writes.
    member: RwLock<Option<Copycat>>,
    /// How often it was started: proxies of an earlier life are dead.
    life: AtomicU64,
}

impl World {
    /// Starts all members.
    pub(crate) fn start() -> World {
        let places = (1..=MEMBERS as u64).map(|id| Member::new(id, format!("127.0.0.1:{}", free_port())));
        let home = TempDir::new().expect("a temporary directory");
        let seat = || Seat { member: RwLock::new(None), life: AtomicU64::new(0) };
        let world = World { places: places.collect(), home, seats: (0..MEMBERS).map(|_| seat()).collect() };
        (0..MEMBERS).for_each(|at| world.revive(at));
        world
    }

    /// How often a member was started.
    pub(crate) fn life(&self, at: usize) -> u64 {
        self.seats[at].life.load(Ordering::Acquire)
    }

    /// Does something with a member, which is not killed meanwhile; `None` while it is down.
    pub(crate) fn with_member<T>(&self, at: usize, act: impl FnOnce(&Copycat) -> T) -> Option<T> {
        self.seats[at].member.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(act)
    }

    /// Ends a member as a crash does: nothing is flushed, nobody is told.
    pub(crate) fn kill(&self, at: usize) {
        let mut seat = self.seats[at].member.write().unwrap_or_else(PoisonError::into_inner);
        drop(seat.take().expect("a member that runs"));
    }

    /// Starts a member on what it has on disk.
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
        self.home.path().join(format!("member-{}", at + 1))
    }

    /// Connects from outside the cluster.
    pub(crate) async fn remote(&self) -> Remote {
        let builder = self.places.iter().cloned().fold(Remote::builder(), |all, place| all.add_member(place));
        builder.connect().await.expect("a connection")
    }

    /// The groups that each member leads, as far as those that run know.
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

/// Looks again and again until there is something to see.
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

/// Waits for something asynchronous on a thread that does nothing else.
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

/// A port of loopback that nobody uses, below those that the system hands out by itself, so that it is still free
/// when a member comes back to it; and never one that this process was given before.
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
