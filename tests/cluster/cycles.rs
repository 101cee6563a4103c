//! A member that is closed or dropped leaves no thread and no file descriptor behind.
//!
//! This is a test program of its own, because it counts the threads and descriptors of the whole process.

#[allow(dead_code, reason = "shared with `cluster`, which uses all of it")]
mod store;
#[expect(dead_code, reason = "shared with `cluster`, which uses all of it")]
mod world;

use copycat::AsyncProxy;
use std::fs;
use std::time::Duration;
use store::AsyncStore;
use world::{Network, STORE, World, patiently, run, until};

fn count(of: &str) -> usize {
    fs::read_dir(format!("/proc/self/{of}")).map_or(0, Iterator::count)
}

/// Runs one life: starts, writes through a member and a remote handle, and ends in order or at once.
async fn life(network: Network, members: u64, round: usize) {
    let mut world = World::empty(network, members).with_election_timeout(Duration::from_millis(40));
    world.start_all().await;
    patiently(async || world.any().put("a".into(), 1).await).await;
    let remote = world.network.remote(&world.seeds).await.expect("a connection");
    let store: AsyncStore = remote.resource(STORE).open().await.expect("a proxy");
    patiently(async || store.to_sync().put("b".into(), 2)).await;
    if round.is_multiple_of(2) {
        drop(remote);
        world.close_all().await;
    } else {
        world.crash(1);
        drop((world, remote));
        assert!(store.put("c".into(), 3).await.is_err(), "nobody is left");
    }
}

#[test]
fn a_hundred_lives_leave_nothing_behind() {
    run(async {
        // The first lives take what the process takes once and keeps.
        life(Network::Tcp, 1, 0).await;
        life(Network::memory(), 1, 1).await;
        let (threads, descriptors) = (count("task"), count("fd"));
        for round in 0..100 {
            let network = if round % 4 < 2 { Network::Tcp } else { Network::memory() };
            life(network, if round % 25 == 0 { 3 } else { 1 }, round).await;
        }
        // A joined thread may stay listed for a moment.
        until("threads that are gone", async || (count("task") <= threads).then_some(())).await;
        assert_eq!(count("fd"), descriptors);
    });
}
