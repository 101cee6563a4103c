//! Listeners: the leader, its term, and whether a resource can be used.

use super::store::{AsyncStore, Numbers};
use super::world::{Network, STORE, World, blocking, finite, patiently};
use copycat::{AsyncProxy, Health, PartitionStatus, Role, StatusStream, SyncProxy};
use std::collections::BTreeMap;

/// Listens until a status is the wanted one. Two statuses of a partition are never equal, and its term never falls.
async fn heard(
    changes: &mut StatusStream,
    told: &mut BTreeMap<u32, PartitionStatus>,
    wanted: impl Fn(&PartitionStatus) -> bool,
) -> PartitionStatus {
    loop {
        let next = finite("a change", changes.next()).await.expect("not the end").expect("no error");
        if let Some(before) = told.insert(next.partition, next) {
            assert!(before != next && before.term <= next.term, "{before:?}, and then {next:?}");
        }
        if wanted(&next) {
            return next;
        }
    }
}

fn healthy(status: &PartitionStatus) -> bool {
    assert_eq!(status.leader.is_some(), status.health == Health::Healthy, "{status:?}");
    status.health == Health::Healthy
}

pub(crate) async fn listeners_hear_of_every_leader(network: Network) {
    let mut world = World::started(network, 3).await;
    patiently(async || world.any().put("a".into(), 1).await).await;
    let leader = world.leader().await;
    let follower = world.ids().into_iter().find(|id| *id != leader).unwrap();
    let remote = world.network.remote(&world.seeds).await.expect("a connection");
    let outside: AsyncStore = remote.resource(STORE).open().await.expect("a proxy");
    let (mut here, mut there) = (world.store(follower).status_changes(), outside.status_changes());
    let (mut told_here, mut told_there) = (BTreeMap::new(), BTreeMap::new());
    let first = heard(&mut here, &mut told_here, healthy).await;
    assert_eq!((first.leader, first.member, first.role), (Some(leader), follower, Role::Follower));
    let seen = heard(&mut there, &mut told_there, healthy).await;
    assert_eq!((seen.leader, seen.term), (first.leader, first.term));
    // The leaders fail one after the other. At some time this includes the member that the handle listens to.
    let mut before = first;
    for _ in 0..3 {
        let fallen = before.leader.expect("it is healthy");
        world.crash(fallen);
        let next = |status: &PartitionStatus| healthy(status) && status.term > before.term;
        let now = heard(&mut there, &mut told_there, next).await;
        assert!(now.leader != Some(fallen), "{now:?}");
        if fallen != follower {
            heard(&mut here, &mut told_here, next).await;
        } else {
            // The listener of a member that is gone receives the end of the stream, once.
            while let Some(Ok(_)) = finite("the end", here.next()).await {}
            assert!(here.next().await.is_none());
        }
        world.start(fallen).await;
        patiently(async || outside.put("b".into(), 2).await).await;
        if fallen == follower {
            (here, told_here) = (world.store(follower).status_changes(), BTreeMap::new());
        }
        before = now;
    }
    drop(remote);
    let end = loop {
        match finite("the end", there.next()).await.expect("an error first") {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(end.code(), 16, "{end}");
    assert!(there.next().await.is_none());
    world.close_all().await;
}

pub(crate) async fn every_partition_is_told_of_and_blocking_listeners_hear_the_same(network: Network) {
    let mut world = World::started(network, 3).await;
    let mut wide = Vec::new();
    for running in world.running.values() {
        let builder = running.member.state_machine("wide", Numbers::default).with_partitions(16);
        wide.push(builder.open::<AsyncStore, _>().await.unwrap());
    }
    let remote = world.network.remote(&world.seeds).await.expect("a connection");
    wide.push(remote.resource("wide").with_partitions(16).open().await.expect("a proxy"));
    for store in &wide {
        let (mut changes, mut told) = (store.status_changes(), BTreeMap::new());
        while told.len() < 16 || told.values().any(|status| !healthy(status)) {
            heard(&mut changes, &mut told, |_| true).await;
        }
        assert!(told.keys().copied().eq(0..16));
        let blocking = blocking(store);
        let listening = std::thread::spawn(move || {
            let mut all = BTreeMap::new();
            for status in blocking.status_changes() {
                let status = status.expect("no error");
                all.insert(status.partition, status);
                if all.len() == 16 && all.values().all(healthy) {
                    return all.len();
                }
            }
            0
        });
        assert_eq!(listening.join().unwrap(), 16);
    }
    world.close_all().await;
}

/// Many listeners that read nothing slow down no other client, and are forgotten when they leave.
pub(crate) async fn listeners_that_take_nothing_hold_up_nobody(network: Network) {
    let mut world = World::started(network, 3).await;
    let remote = world.network.remote(&world.seeds).await.expect("a connection");
    let outside: AsyncStore = remote.resource(STORE).open().await.expect("a proxy");
    let mut idle: Vec<_> = (0..300).map(|_| outside.status_changes()).collect();
    for changes in &mut idle {
        heard(changes, &mut BTreeMap::new(), |_| true).await;
    }
    let leader = world.leader().await;
    world.crash(leader);
    patiently(async || outside.put("a".into(), 1).await).await;
    world.start(leader).await;
    idle.truncate(1);
    let another = |status: &PartitionStatus| healthy(status) && status.leader != Some(leader);
    heard(&mut idle[0], &mut BTreeMap::new(), another).await;
    world.close_all().await;
}
