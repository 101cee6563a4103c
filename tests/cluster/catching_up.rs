//! Members that lag far behind the leader, and openings that are abandoned.

use super::store::{AsyncStore, Numbers};
use super::world::{Network, World, patiently, run, until};
use copycat::{Consistency, Proxy};
use std::future::Future;
use std::pin::pin;
use std::task::Poll;

/// Length of one key in bytes, and number of keys: more than a queue may hold, but within what one append may name.
const KEY_LEN: usize = 60_000;
const KEYS: u64 = 640;

#[test]
fn a_follower_further_behind_than_a_lane_can_hold_catches_up() {
    run(async {
        let mut world = World::started(Network::Tcp, 3).await;
        let leader = world.leader().await;
        let behind = world.ids().into_iter().find(|id| *id != leader).unwrap();
        world.crash(behind);
        for number in 0..KEYS {
            let key = format!("{number:0>KEY_LEN$}");
            patiently(async || world.store(leader).put(key.clone(), number).await).await;
        }
        world.start(behind).await;
        until("the same log", async || {
            let mine = world.member(behind).status().await.ok()?.group("store", 0)?.applied;
            let all = world.member(leader).status().await.ok()?.group("store", 0)?.applied;
            (mine >= KEYS && mine == all).then_some(())
        })
        .await;
    });
}

#[test]
fn a_member_that_starts_alone_shows_what_it_knew_to_be_committed() {
    run(async {
        let mut world = World::started(Network::memory(), 3).await;
        for number in 1..=5 {
            patiently(async || world.store(1).put(format!("key-{number}"), number).await).await;
        }
        world.agreed().await;
        world.close_all().await;
        // This member is alone, without a leader.
        world.start(2).await;
        let alone = world.store(2).with_consistency(Consistency::Eventual);
        until("five keys", async || (alone.len().await.ok()? == 5).then_some(())).await;
    });
}

#[test]
fn an_opening_that_was_given_up_can_be_repeated() {
    run(async {
        let world = World::started(Network::memory(), 1).await;
        patiently(async || world.store(1).len().await).await;
        for attempt in 0..60 {
            let name = format!("resource-{attempt}");
            let mut done = false;
            {
                // The opening is dropped after the first, second or third poll, or completes.
                let mut opening = pin!(
                    world.member(1).state_machine(name.clone(), Numbers::default).open::<AsyncStore, _>()
                );
                let mut looks = attempt % 3;
                std::future::poll_fn(|context| match opening.as_mut().poll(context) {
                    Poll::Pending if looks > 0 => {
                        looks -= 1;
                        Poll::Pending
                    }
                    Poll::Pending => Poll::Ready(()),
                    Poll::Ready(_) => {
                        done = true;
                        Poll::Ready(())
                    }
                })
                .await;
                // The answer is there by now, but no caller takes it.
                world.member(1).status().await.expect("a running member");
            }
            let opened = world.member(1).state_machine(name, Numbers::default).open::<AsyncStore, _>().await;
            // A resource that was opened before its caller dropped the future stays open, and a second opening says
            // so.
            match opened {
                Ok(store) => drop(patiently(async || store.len().await).await),
                Err(error) => assert!(done && error.code() == 209, "{error}"),
            }
        }
    });
}
