//! Remote handles find the leaders of the groups that they use, and work without them where they cannot reach them.
//!
//! The members count the requests that they forward. That shows whether a request went to its leader directly.

use super::store::{AsyncStore, Numbers};
use super::world::{Network, STORE, World, free_port, once, patiently, until};
use copycat::{Consistency, Copycat, Member, Proxy, Remote};
use std::collections::{BTreeMap, BTreeSet};

/// Number of writes in a row of which none may be forwarded.
const STRETCH: u64 = 20;

/// Returns the number of requests that each running member has forwarded.
async fn forwarded(world: &World) -> BTreeMap<u64, u64> {
    let mut counts = BTreeMap::new();
    for (id, running) in &world.running {
        counts.insert(*id, running.member.status().await.expect("a running member").forwarded);
    }
    counts
}

/// Writes until all writes of a row reach the leaders of `stores` without any member in between. Leaders may change
/// meanwhile.
async fn directly(world: &World, stores: &[AsyncStore]) {
    until("the leaders", async || {
        let before = forwarded(world).await;
        for number in 0..STRETCH {
            for store in stores {
                patiently(async || store.put(format!("key-{number}"), number).await).await;
                patiently(async || store.get("absent").await).await;
            }
        }
        (forwarded(world).await == before).then_some(())
    })
    .await;
}

async fn remote(world: &World, members: &[Member]) -> (Remote, AsyncStore) {
    let remote = world.network.remote(members).await.expect("a connection");
    let store = remote.resource(STORE).open().await.expect("a proxy");
    (remote, store)
}

/// Returns a member that does not lead at the moment.
async fn follower(world: &World) -> u64 {
    patiently(async || world.any().put("before".into(), 0).await).await;
    let leader = world.leader().await;
    world.ids().into_iter().find(|id| *id != leader && world.running.contains_key(id)).expect("another")
}

pub(crate) async fn a_handle_that_knows_a_follower_comes_to_the_leader(network: Network) {
    let mut world = World::started(network, 3).await;
    let follower = follower(&world).await;
    let (remote, store) = remote(&world, std::slice::from_ref(world.seed(follower))).await;
    directly(&world, std::slice::from_ref(&store)).await;
    drop(remote);
    world.close_all().await;
}

pub(crate) async fn the_leader_is_found_again_when_it_is_another(network: Network) {
    let mut world = World::started(network, 3).await;
    let follower = follower(&world).await;
    let (remote, store) = remote(&world, std::slice::from_ref(world.seed(follower))).await;
    directly(&world, std::slice::from_ref(&store)).await;
    for round in 0..3 {
        let leader = world.leader().await;
        if leader == follower {
            break;
        }
        world.crash(leader);
        patiently(async || store.put(format!("round-{round}"), round).await).await;
        directly(&world, std::slice::from_ref(&store)).await;
        world.start(leader).await;
        directly(&world, std::slice::from_ref(&store)).await;
    }
    world.agreed().await;
    drop(remote);
    world.close_all().await;
}

pub(crate) async fn a_handle_outlives_the_only_member_it_was_told_of(network: Network) {
    let mut world = World::started(network, 3).await;
    let follower = follower(&world).await;
    let (remote, store) = remote(&world, std::slice::from_ref(world.seed(follower))).await;
    directly(&world, std::slice::from_ref(&store)).await;
    world.crash(follower);
    // No member answers any more at the only address that the handle has.
    for number in 0..STRETCH {
        let key = format!("after-{number}");
        let write = async || match store.put(key.clone(), number).await {
            Err(error) => {
                assert_ne!(error.code(), 4, "what was under way to the leader is not disturbed: {error}");
                Err(error)
            }
            answer => answer,
        };
        patiently(write).await;
    }
    assert_eq!(patiently(async || store.get("after-7").await).await, Some(7));
    world.start(follower).await;
    drop(remote);
    world.close_all().await;
}

pub(crate) async fn a_leader_out_of_reach_is_served_through_others(network: Network) {
    let mut world = World::started(network, 3).await;
    let follower = follower(&world).await;
    // The addresses that this process has of the other members lead nowhere, whatever the members say of each other.
    let told: Vec<Member> = world
        .ids()
        .into_iter()
        .map(|id| if id == follower { world.seed(id).clone() } else { nowhere(&world, id) })
        .collect();
    let (remote, store) = remote(&world, &told).await;
    let before = forwarded(&world).await[&follower];
    for number in 1..=STRETCH {
        assert_eq!(once(async || store.add("sum", 1).await).await, number);
        for consistency in [Consistency::Strict, Consistency::Lease] {
            let store = store.with_consistency(consistency);
            assert_eq!(patiently(async || store.get("sum").await).await, Some(number));
        }
    }
    world.agreed().await;
    let eventual = store.with_consistency(Consistency::Eventual);
    assert_eq!(patiently(async || eventual.get("sum").await).await, Some(STRETCH));
    if world.leader().await != follower {
        assert!(forwarded(&world).await[&follower] > before, "there is no other way");
    }
    drop(remote);
    world.close_all().await;
}

/// Returns an address of a member where nothing listens.
fn nowhere(world: &World, id: u64) -> Member {
    match &world.network {
        Network::Tcp => Member::new(id, format!("127.0.0.1:{}", free_port())),
        Network::Memory(_) => Member::new(id, "nowhere:1"),
    }
}

pub(crate) async fn groups_with_different_leaders_are_each_led_directly(network: Network) {
    let mut world = World::started(network, 3).await;
    let names = differently_led(&world).await;
    let first = world.seed(1).clone();
    let (remote, _) = remote(&world, &[first]).await;
    let stores: Vec<AsyncStore> =
        names.iter().map(|name| remote.resource(name.clone()).open_sync().expect("a proxy")).collect();
    directly(&world, &stores).await;
    drop(remote);
    world.close_all().await;
}

/// Opens resources on all members until two of them have different leaders.
async fn differently_led(world: &World) -> Vec<String> {
    let (mut names, mut leaders) = (Vec::new(), BTreeSet::new());
    until("two leaders", async || {
        let name = format!("store-{}", names.len());
        for running in world.running.values() {
            let member: &Copycat = &running.member;
            member.state_machine(&name, Numbers::default).open::<AsyncStore, _>().await.expect("it opens");
        }
        leaders.insert(world.leader_of(&name).await);
        names.push(name);
        (leaders.len() > 1).then(|| names.clone())
    })
    .await
}
