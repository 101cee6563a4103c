//! The cases that members go through, the same on both networks.

use super::store::{AsyncStore, Numbers, Store, SyncStore};
use super::world::{Network, STORE, World, blocking, finite, once, open, patiently, refused_writes, until};
use copycat::{AsyncProxy, Consistency, Outcome, Proxy, SyncProxy};
use std::time::Duration;

/// Every consistency of a read.
const CONSISTENCIES: [Consistency; 3] = [Consistency::Strict, Consistency::Lease, Consistency::Eventual];

pub(crate) async fn three_members_serve_through_every_member(network: Network) {
    let mut world = World::started(network, 3).await;
    for id in world.ids() {
        let store = world.store(id);
        assert_eq!(once(async || store.put(format!("from-{id}"), id).await).await, None);
        assert_eq!(once(async || store.add("sum", id).await).await, (1..=id).sum::<u64>());
    }
    for id in world.ids() {
        for consistency in [Consistency::Strict, Consistency::Lease] {
            let store = world.store(id).with_consistency(consistency);
            assert_eq!(patiently(async || store.get("sum").await).await, Some(6), "{consistency:?}");
            assert_eq!(patiently(async || store.get("absent").await).await, None);
        }
    }
    assert_eq!(world.agreed().await.len(), 4);
    for id in world.ids() {
        for consistency in CONSISTENCIES {
            let store = blocking(&world.store(id).with_consistency(consistency));
            assert_eq!(patiently(async || store.len()).await, 4);
        }
        let by_name = world.store(id).submit::<Option<u64>>("get", &("from-1",));
        assert_eq!(finite("a call by name", by_name).await.expect("an answer"), Some(1));
    }
    for id in world.ids() {
        let store = blocking(world.store(id));
        assert_eq!(once(async || store.put("blocking".into(), id)).await, (id > 1).then(|| id - 1));
    }
    world.close_all().await;
}

pub(crate) async fn a_remote_handle_drives_the_same_proxies(network: Network) {
    let mut world = World::started(network, 3).await;
    for id in world.ids() {
        // Only one member is named: a follower forwards requests until the handle knows the leader.
        let remote = world.network.remote(std::slice::from_ref(world.seed(id))).await.expect("a connection");
        let store: AsyncStore = remote.resource(STORE).open().await.expect("a proxy");
        assert_eq!(once(async || store.add("sum", id).await).await, (1..=id).sum::<u64>());
        let blocking: SyncStore = remote.resource(STORE).open().await.expect("a proxy");
        assert_eq!(patiently(async || blocking.get("sum")).await, Some((1..=id).sum::<u64>()));
        world.agreed().await;
        for consistency in CONSISTENCIES {
            let store = store.with_consistency(consistency);
            assert_eq!(patiently(async || store.get("sum").await).await, Some((1..=id).sum::<u64>()));
        }
        drop(remote);
        let error = store.put("late".into(), 1).await.expect_err("the connection is gone");
        assert_eq!((error.code(), error.outcome()), (16, Outcome::NotApplied), "{error}");
    }
    world.close_all().await;
}

pub(crate) async fn a_remote_handle_survives_its_member(network: Network) {
    let mut world = World::started(network, 3).await;
    let remote = world.network.remote(&world.seeds).await.expect("a connection");
    let store: AsyncStore = remote.resource(STORE).open().await.expect("a proxy");
    for round in 0..3 {
        patiently(async || store.put(format!("round-{round}"), round).await).await;
        let id = world.ids()[round as usize];
        world.crash(id);
        patiently(async || store.put(format!("without-{id}"), id).await).await;
        world.start(id).await;
    }
    assert_eq!(world.agreed().await.len(), 6);
    world.close_all().await;
}

pub(crate) async fn many_groups_share_a_node(network: Network) {
    let mut world = World::started(network, 3).await;
    let (mut others, mut wide) = (Vec::new(), Vec::new());
    for running in world.running.values() {
        for name in ["second", "third"] {
            let other: AsyncStore =
                running.member.state_machine(name, Numbers::default).open().await.unwrap();
            others.push((name, other));
        }
        let builder = running.member.state_machine("wide", Numbers::default).with_partitions(8);
        wide.push(builder.open::<AsyncStore, _>().await.unwrap());
    }
    for (name, store) in &others {
        once(async || store.add(name, 1).await).await;
    }
    for (at, store) in wide.iter().enumerate() {
        for number in 0..16 {
            once(async || store.put(format!("{at}-{number}"), number).await).await;
        }
    }
    for (name, store) in &others {
        assert_eq!(patiently(async || store.dump().await).await, [(String::from(*name), 3)]);
    }
    for store in &wide {
        assert_eq!(patiently(async || store.len().await).await, 48);
        assert_eq!(patiently(async || store.get("1-7").await).await, Some(7));
    }
    let remote = world.network.remote(&world.seeds).await.expect("a connection");
    let outside: AsyncStore = remote.resource("wide").with_partitions(8).open().await.expect("a proxy");
    assert_eq!(patiently(async || outside.len().await).await, 48);
    for partitions in [1, 7, 9] {
        let opened = remote.resource("wide").with_partitions(partitions).open::<AsyncStore>().await;
        let error = opened.expect_err("there are eight");
        assert_eq!((error.code(), error.outcome()), (216, Outcome::NotApplied), "{error}");
        let counts =
            format!("`wide` has 8 partitions on its members, and was to be opened with {partitions};");
        assert!(error.to_string().starts_with(&counts), "{error}");
    }
    let error = remote.resource("wide").open::<AsyncStore>().await.expect_err("one is another number, too");
    assert_eq!(error.code(), 216, "{error}");
    let member = world.member(1);
    let groups = member.status().await.unwrap().groups;
    assert_eq!(groups.len(), 1 + 2 + 8);
    let again = member.state_machine("second", Numbers::default).open::<AsyncStore, _>().await;
    let error = again.expect_err("it is open");
    assert_eq!(error.code(), 209, "{error}");
    drop(remote);
    world.close_all().await;
}

pub(crate) async fn a_handle_waits_for_members_to_open_what_it_opens(network: Network) {
    let mut world = World::started(network, 3).await;
    let hasty =
        world.network.remote_with(&world.seeds, Duration::from_millis(300)).await.expect("a connection");
    let opened = finite("an answer", hasty.resource("later").open::<AsyncStore>()).await;
    let error = opened.expect_err("nobody has opened it");
    assert_eq!((error.code(), error.outcome()), (9, Outcome::NotApplied), "{error}");
    assert!(error.is_retryable() && error.to_string().contains("`later`"), "{error}");
    let patient =
        world.network.remote_with(&world.seeds, Duration::from_secs(60)).await.expect("a connection");
    // One member alone decides nothing about what is new.
    let third = world.member(3).state_machine("later", Numbers::default).open::<AsyncStore, _>().await;
    let _third = third.expect("a proxy");
    let opened = finite("an answer", hasty.resource("later").open::<AsyncStore>()).await;
    let error = opened.expect_err("no majority has opened it");
    assert!(error.is_retryable() && error.to_string().contains("no majority"), "{error}");
    // The first member never opens it, so the handle has to find one of the others.
    let opening = patient.resource("later").open::<AsyncStore>();
    let member = world.member(2).state_machine("later", Numbers::default);
    let (outside, inside) = finite("both open it", async { tokio::join!(opening, member.open()) }).await;
    let (outside, _inside): (AsyncStore, AsyncStore) = (outside.expect("a proxy"), inside.expect("a proxy"));
    assert_eq!(patiently(async || outside.add("sum", 2).await).await, 2);
    world.close_all().await;
    let opened = finite("an answer", hasty.resource("later").open::<AsyncStore>()).await;
    assert_eq!(opened.expect_err("nobody is left").code(), 208);
}

pub(crate) async fn writes_go_on_without_the_leader(network: Network) {
    let mut world = World::started(network, 3).await;
    for round in 0..3 {
        let leader = world.leader().await;
        patiently(async || world.store(leader).put(format!("before-{round}"), round).await).await;
        world.crash(leader);
        let other = world.any().clone();
        patiently(async || other.put(format!("after-{round}"), round).await).await;
        world.start(leader).await;
        let state = world.agreed().await;
        assert_eq!(state.len() as u64, 2 * (round + 1));
    }
    world.close_all().await;
}

pub(crate) async fn members_come_back_with_their_logs(network: Network) {
    let mut world = World::started(network, 3).await;
    for round in 0..3u64 {
        patiently(async || world.any().put(format!("round-{round}"), round).await).await;
        for id in world.ids() {
            // In even rounds all members end at once as in a power failure, in odd rounds in order.
            if round % 2 == 0 { world.crash(id) } else { world.close(id).await }
        }
        world.start_all().await;
        assert_eq!(world.agreed().await.len() as u64, round + 1);
    }
    // The members restart one after the other: a majority is always up.
    for id in world.ids() {
        world.close(id).await;
        patiently(async || world.any().put(format!("without-{id}"), id).await).await;
        world.start(id).await;
    }
    assert_eq!(world.agreed().await.len(), 6);
    world.close_all().await;
}

/// The leader reaches a member that comes back before that member can reach the leader on every connection. A request
/// that it forwards at once is answered all the same.
pub(crate) async fn a_returned_member_is_answered(network: Network) {
    let mut world = World::started(network, 3).await;
    for round in 1..=12 {
        let leader = world.leader().await;
        let id = world.ids().into_iter().find(|id| *id != leader).expect("a follower");
        world.crash(id);
        once(async || world.store(leader).add("sum", 1).await).await;
        world.start(id).await;
        // An error with an unknown outcome would fail this, because no member failed meanwhile.
        assert_eq!(once(async || world.store(id).add("sum", 1).await).await, 2 * round);
    }
    world.close_all().await;
}

pub(crate) async fn clusters_of_one_and_two(network: Network) {
    for members in [1, 2] {
        let mut world =
            World::empty(network.clone(), members).with_election_timeout(Duration::from_millis(100));
        world.start_all().await;
        for id in world.ids() {
            once(async || world.store(id).add("sum", id).await).await;
            for consistency in CONSISTENCIES {
                let store = world.store(id).with_consistency(consistency);
                until("the write", async || store.get("sum").await.ok().flatten().filter(|sum| *sum >= id))
                    .await;
            }
        }
        for id in world.ids() {
            world.crash(id);
        }
        world.start_all().await;
        assert_eq!(world.agreed().await, [("sum".into(), (1..=members).sum())]);
        world.close_all().await;
    }
}

pub(crate) async fn without_a_majority_there_is_an_error_and_no_answer(network: Network) {
    let mut world = World::empty(network, 3).with_request_timeout(Duration::from_millis(700));
    world.start_all().await;
    patiently(async || world.any().put("before".into(), 1).await).await;
    let leader = world.leader().await;
    for id in world.ids().into_iter().filter(|id| *id != leader) {
        world.crash(id);
    }
    let store = world.store(leader).clone();
    let never = refused_writes(&store).await;
    for consistency in [Consistency::Strict, Consistency::Lease] {
        let read = finite("a refusal", store.with_consistency(consistency).get("before")).await;
        let error = read.expect_err("nobody confirms it");
        assert_eq!(error.outcome(), Outcome::NotApplied, "{error}");
    }
    let eventual = store.with_consistency(Consistency::Eventual);
    assert_eq!(finite("a local read", eventual.get("before")).await.unwrap(), Some(1));
    world.start_all().await;
    patiently(async || world.any().put("after".into(), 1).await).await;
    let state = world.agreed().await;
    assert!(!state.iter().any(|(key, _)| never.contains(key)), "{never:?} in {state:?}");
    world.close_all().await;
}

pub(crate) async fn a_resource_that_others_did_not_open_is_a_typed_error(network: Network) {
    let world = World::empty(network, 3).with_request_timeout(Duration::from_millis(500));
    let mut members = Vec::new();
    for id in world.ids() {
        members.push(open(world.builder(id)).await);
    }
    let store: AsyncStore = members[0].state_machine(STORE, Numbers::default).open().await.unwrap();
    // The others do not know the group, so it has no majority.
    let error = finite("a refusal", store.put("a".into(), 1)).await.expect_err("nobody else has it");
    assert_eq!((error.code(), error.outcome()), (1, Outcome::NotApplied), "{error}");
    // The handle knows only a member that has not opened the resource.
    let seed = std::slice::from_ref(world.seed(2));
    let remote = world.network.remote_with(seed, Duration::from_millis(300)).await.expect("a connection");
    let opened = finite("a refusal", remote.resource(STORE).open::<AsyncStore>()).await;
    let error = opened.expect_err("not open there");
    assert_eq!(
        (error.code(), error.outcome(), error.is_retryable()),
        (9, Outcome::NotApplied, true),
        "{error}"
    );
    assert!(error.to_string().contains("open it there"), "{error}");
    let _second: AsyncStore = members[1].state_machine(STORE, Numbers::default).open().await.unwrap();
    let outside: AsyncStore = remote.resource(STORE).open().await.expect("a proxy");
    patiently(async || outside.put("a".into(), 1).await).await;
    drop(remote);
    for member in members {
        finite("an orderly close", member.close()).await;
    }
}

pub(crate) async fn proxies_outlive_their_member(network: Network) {
    let mut world = World::started(network, 3).await;
    let stores: Vec<AsyncStore> = world.ids().iter().map(|id| world.store(*id).clone()).collect();
    patiently(async || stores[0].put("a".into(), 1).await).await;
    world.close(1).await;
    world.crash(2);
    world.close(3).await;
    for store in &stores {
        let error = finite("a refusal", store.put("b".into(), 2)).await.expect_err("the member is gone");
        // A caller that retries retryable errors must not retry this one without end.
        assert_eq!((error.code(), error.outcome(), error.is_retryable()), (16, Outcome::NotApplied, false));
        assert!(error.to_string().contains("open it again"), "{error}");
        let sync = store.to_sync();
        let error = sync.with_consistency(Consistency::Eventual).get("a").expect_err("the member is gone");
        assert_eq!(error.outcome(), Outcome::NotApplied, "{error}");
        assert_eq!(sync.to_async().get("a").await.expect_err("the member is gone").code(), error.code());
    }
}

pub(crate) async fn a_member_may_be_closed_before_it_did_anything(network: Network) {
    let mut world = World::empty(network, 1).with_segment_len(64 << 10);
    for round in 0..40 {
        let member = open(world.builder(1)).await;
        if round % 2 == 0 { finite("an orderly close", member.close()).await } else { drop(member) }
    }
    world.start_all().await;
    patiently(async || world.any().put("a".into(), 1).await).await;
    world.close_all().await;
}

pub(crate) async fn a_panicking_method_is_an_answer_and_harms_nobody(network: Network) {
    let mut world = World::started(network, 3).await;
    for id in world.ids() {
        let store = world.store(id).clone();
        let exploded = until("an answer", async || {
            let error = store.explode(format!("boom-{id}"), id).await.expect_err("it panics");
            (error.code() != 1).then_some(error)
        })
        .await;
        assert_eq!((exploded.code(), exploded.is_retryable()), (15, false), "{exploded}");
        assert!(exploded.to_string().starts_with("`explode` of `store`: the method panicked;"), "{exploded}");
        let error = until("an answer", async || {
            let error = store.explode_reading("boom").await.expect_err("it panics");
            (error.code() != 1).then_some(error)
        })
        .await;
        assert_eq!((error.code(), error.outcome()), (15, Outcome::NotApplied), "{error}");
        patiently(async || store.put(format!("after-{id}"), id).await).await;
    }
    // Changes that a method made before it panicked stay, equally on every replica.
    assert_eq!(world.agreed().await.len(), 6);
    for id in world.ids() {
        world.crash(id);
    }
    world.start_all().await;
    assert_eq!(world.agreed().await.len(), 6);
    world.close_all().await;
}

pub(crate) async fn a_state_that_calls_a_blocking_proxy_gets_an_error(network: Network) {
    use super::store::CALLED_BACK;
    use std::sync::PoisonError;

    let mut world = World::started(network, 1).await;
    *CALLED_BACK.lock().unwrap_or_else(PoisonError::into_inner) = Some(blocking(world.store(1)));
    assert_eq!(once(async || world.store(1).call_back("a".into()).await).await, 101);
    patiently(async || world.store(1).put("a".into(), 1).await).await;
    let plain = Numbers::default();
    assert_eq!(plain.len(), 0, "a state is plain Rust");
    world.close_all().await;
}

pub(crate) async fn more_at_once_than_a_segment_holds(network: Network) {
    let mut world = World::empty(network, 3).with_segment_len(64 << 10);
    world.start_all().await;
    for id in world.ids() {
        let store = world.store(id);
        // The entries take about 200 KiB and arrive together.
        let writes = (0..2_000).map(|number| {
            let (store, key) = (store.clone(), format!("{id}-{number}-{}", "x".repeat(40)));
            async move { patiently(async || store.put(key.clone(), number).await).await }
        });
        finite("many writes", futures(writes)).await;
    }
    assert_eq!(world.agreed().await.len(), 6_000);
    for id in world.ids() {
        world.crash(id);
    }
    // Segments of another length than before work as well.
    world = world.with_segment_len(128 << 10);
    world.start_all().await;
    assert_eq!(patiently(async || world.any().len().await).await, 6_000);
    world.close_all().await;
}

/// Waits for all futures, concurrently.
async fn futures<F: Future<Output: 'static> + 'static>(all: impl Iterator<Item = F>) {
    let local = tokio::task::LocalSet::new();
    all.for_each(|one| drop(local.spawn_local(one)));
    local.await;
}

pub(crate) async fn a_command_longer_than_a_segment_is_kept_all_the_same(network: Network) {
    use super::store::{AsyncBlobs, Bag};

    let mut world = World::started(network, 3).await;
    let mut inside: Vec<AsyncBlobs> = Vec::new();
    for running in world.running.values() {
        inside.push(running.member.state_machine("blobs", Bag::default).open().await.unwrap());
    }
    for blobs in &inside {
        patiently(async || blobs.keep(b"fits", &vec![1; 700 << 10]).await).await;
        let long = vec![2; 2 << 20];
        patiently(async || blobs.keep(b"does not", &long).await).await;
        assert_eq!(patiently(async || blobs.fetch(b"does not").await).await, long);
        patiently(async || blobs.keep(b"fits", b"still").await).await;
    }
    world.close_all().await;
}
