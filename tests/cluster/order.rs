//! Calls in lines: they are sent in order, without waiting for each other's answers.

use super::store::AsyncStore;
use super::world::{Network, STORE, World, finite, until};
use copycat::{AsyncProxy, Consistency, Error, Proxy, SyncProxy};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

/// Number of concurrent lines, and of writes in each.
const LINES: u64 = 4;
const WRITES: u64 = 50;

type Call<'a> = Pin<Box<dyn Future<Output = Result<Option<u64>, Error>> + 'a>>;

/// Sends all calls before any is answered, and returns the answers. The lines take turns.
async fn pipelined(lines: &[AsyncStore], keys: &[String], writes: u64) -> Vec<Result<Option<u64>, Error>> {
    let mut calls: Vec<Call<'_>> = Vec::new();
    for value in 0..writes {
        for (line, key) in lines.iter().zip(keys) {
            calls.push(Box::pin(line.put(key.clone(), value)));
            calls.push(Box::pin(line.get(key)));
        }
    }
    let mut answers: Vec<_> = calls.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (call, answer) in calls.iter_mut().zip(&mut answers).filter(|(_, answer)| answer.is_none()) {
            if let Poll::Ready(ready) = call.as_mut().poll(context) {
                *answer = Some(ready);
            }
        }
        if answers.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    answers.into_iter().flatten().collect()
}

/// Writes and reads in lines through `store` until no call is refused; leaders may change on a slow machine. Checks
/// that all answers are in order.
///
/// An eventual read may miss a write only if the write was answered before the read was sent. That requires a machine
/// that stops this thread in between; then the test repeats all calls.
async fn keeps_order(store: &AsyncStore, name: &str, consistency: Consistency, writes: u64) {
    let store = store.with_consistency(consistency);
    let mut attempts = 0;
    until("a pipeline without a refusal", async || {
        attempts += 1;
        let lines: Vec<AsyncStore> = (0..LINES).map(|_| store.in_order()).collect();
        let keys: Vec<String> = (0..LINES).map(|line| format!("{name}-{line}-{attempts}")).collect();
        let answers = finite("the answers", pipelined(&lines, &keys, writes)).await;
        let steps = (0..writes).flat_map(|value| (0..LINES).map(move |_| value));
        let mut complete = true;
        for (value, answers) in steps.zip(answers.chunks(2)) {
            let [Ok(before), Ok(now)] = answers else {
                complete = false;
                continue;
            };
            assert!(*before < Some(value), "{name}: {before:?} stood before {value}");
            assert!(*now <= Some(value), "{name}: read {now:?} before it was written, behind {value}");
            if consistency == Consistency::Eventual {
                complete &= *now == Some(value);
            } else {
                assert_eq!(*now, Some(value), "{name}: {consistency:?} read");
            }
        }
        complete.then_some(())
    })
    .await;
}

pub(crate) async fn calls_of_a_line_keep_their_order(network: Network) {
    let mut world = World::started(network, 3).await;
    for id in world.ids() {
        let remote = world.network.remote(std::slice::from_ref(world.seed(id))).await.expect("a connection");
        let outside: AsyncStore = remote.resource(STORE).open().await.expect("a proxy");
        for consistency in [Consistency::Strict, Consistency::Lease, Consistency::Eventual] {
            keeps_order(world.store(id), &format!("inside-{id}-{consistency:?}"), consistency, WRITES).await;
            keeps_order(&outside, &format!("outside-{id}-{consistency:?}"), consistency, WRITES).await;
        }
        drop(remote);
    }
    world.close_all().await;
}

pub(crate) async fn a_line_keeps_its_order_when_there_is_no_room(network: Network) {
    let mut world = World::started(network, 3).await;
    let leader = world.leader().await;
    // More calls than the queue of a member holds.
    keeps_order(world.store(leader), "many", Consistency::Strict, 1_500).await;
    world.close_all().await;
}

pub(crate) async fn clones_share_a_line(network: Network) {
    let mut world = World::started(network, 1).await;
    let line = world.store(1).in_order();
    let clones = [line.clone(), line.with_consistency(Consistency::Lease), line.to_sync().to_async()];
    until("a pipeline without a refusal", async || {
        let [first, second, third] = &clones;
        let key = String::from("shared");
        let (one, two, three, four) = tokio::join!(
            first.put(key.clone(), 1),
            second.get("shared"),
            third.put(key, 2),
            line.get("shared")
        );
        let (Ok(_), Ok(two), Ok(three), Ok(four)) = (one, two, three, four) else { return None };
        assert_eq!((two, three, four), (Some(1), Some(1), Some(2)));
        Some(())
    })
    .await;
    world.close_all().await;
}
