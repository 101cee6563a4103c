//! Tests of two members: what they send, in which order, and how much.

use super::bodies::Note;
use super::world::*;
use crate::codec::ids::MemberId;
use crate::transport::event::{Event, Source};
use crate::transport::sender::Unsent;
use crate::transport::wire::Priority;
use bytes::Bytes;

on_both!(
    messages_arrive_in_order_and_by_their_priority,
    senders_work_from_any_thread,
    large_pieces_arrive_as_they_are,
    a_broken_lane_is_dialed_again,
    what_waits_in_a_broken_lane_is_not_sent_later,
    members_are_answered_where_they_asked,
    a_batch_beyond_the_bound_is_sent,
    what_yields_leaves_room_for_the_rest,
    a_full_inbox_holds_the_senders_back,
    bulk_does_not_hold_up_control,
);

async fn messages_arrive_in_order_and_by_their_priority(network: Network, any: &str) {
    let (mut one, mut two) = (Member::new(&network, 1), Member::new(&network, 2));
    let acceptor = two.listen(any).await;
    let peer = one.reach(2, &acceptor).await;
    for id in 0..1_000 {
        peer.sender().send(ask(id)).unwrap();
        peer.sender().send(Note::HeartbeatRecord(id)).unwrap();
    }
    assert!(asked(&mut two.bulk, 1_000).await.into_iter().eq(0..1_000));
    let mut rounds = Vec::new();
    while rounds.len() < 1_000 {
        let (from, messages) = received(&mut two.control).await;
        assert!(matches!(from, Source::Member { id: MemberId(1), priority: Priority::Control, .. }));
        rounds.extend(messages.into_iter().map(|message| match message {
            Note::HeartbeatRecord(round) => round,
            other => panic!("{other:?}"),
        }));
    }
    assert!(rounds.into_iter().eq(0..1_000));
}

async fn senders_work_from_any_thread(network: Network, any: &str) {
    let (mut one, mut two) = (Member::new(&network, 1), Member::new(&network, 2));
    let acceptor = two.listen(any).await;
    let peer = one.reach(2, &acceptor).await;
    peer.sender().send(ask(1)).unwrap();
    let (replies, _) = said(&mut two).await;
    for thread in 0..4 {
        let sender = replies.clone();
        std::thread::spawn(move || {
            (0..100).for_each(|at| {
                let answer = Note::Answer(thread * 100 + at, 100);
                // At any moment, some thread may be in the middle of a direct write.
                if at % 3 == 0 { sender.send(answer).unwrap() } else { sender.send_now(answer).unwrap() }
            });
        });
    }
    let mut arrived = answered(&mut one.bulk, 400).await;
    for thread in 0..4u64 {
        let own: Vec<_> = arrived.iter().filter(|id| **id / 100 == thread).collect();
        assert!(own.is_sorted(), "the order of one thread is kept");
    }
    arrived.sort_unstable();
    assert!(arrived.into_iter().eq(0..400));
}

async fn large_pieces_arrive_as_they_are(network: Network, any: &str) {
    let (mut one, mut two) = (Member::new(&network, 1), Member::new(&network, 2));
    let acceptor = two.listen(any).await;
    let peer = one.reach(2, &acceptor).await;
    // Small pieces are packed, large ones are sent without a copy; the checksum covers none of them.
    let pieces: Vec<_> = (1..=40).map(|at| Bytes::from(vec![at; 500 * usize::from(at)])).collect();
    let packed = pieces.concat();
    peer.sender().send(Note::Load(1, pieces)).unwrap();
    let (_, messages) = received(&mut two.bulk).await;
    assert_eq!(messages, [Note::Load(1, vec![packed.into()])], "the same, byte for byte");
}

async fn a_broken_lane_is_dialed_again(network: Network, any: &str) {
    let (mut one, two) = (Member::new(&network, 1), Member::new(&network, 2));
    let acceptor = two.listen(any).await;
    let address = acceptor.address().to_owned();
    let peer = one.reach(2, &acceptor).await;
    drop(acceptor);
    for _ in 0..2 {
        assert!(matches!(one.event().await, Event::Disconnected { peer: MemberId(2), .. }));
    }
    assert_eq!(peer.sender().send(Note::HeartbeatRecord(1)), Err(Unsent::Disconnected));
    let mut two = Member::new(&network, 2);
    let _acceptor = two.listen(&address).await;
    for _ in 0..2 {
        assert!(matches!(one.event().await, Event::Connected { peer: MemberId(2), .. }));
    }
    peer.sender().send(Note::HeartbeatRecord(2)).unwrap();
    assert_eq!(received(&mut two.control).await.1, [Note::HeartbeatRecord(2)]);
}

async fn what_waits_in_a_broken_lane_is_not_sent_later(network: Network, any: &str) {
    let (mut one, two) = (Member::new(&network, 1), Member::new(&network, 2));
    let acceptor = two.listen(any).await;
    let address = acceptor.address().to_owned();
    let peer = one.reach(2, &acceptor).await;
    // The inbox of the second member is not read: some of this fills it, the rest waits.
    while peer.sender().send(asks(1..2, 1 << 20)).is_ok() {}
    drop((acceptor, two));
    for _ in 0..2 {
        assert!(matches!(one.event().await, Event::Disconnected { .. }));
    }
    let mut two = Member::new(&network, 2);
    let _acceptor = two.listen(&address).await;
    for _ in 0..2 {
        assert!(matches!(one.event().await, Event::Connected { .. }));
    }
    peer.sender().send(ask(2)).unwrap();
    assert_eq!(asked(&mut two.bulk, 1).await, [2]);
}

/// Replies need no connection in the other direction.
async fn members_are_answered_where_they_asked(network: Network, any: &str) {
    let (mut one, mut two) = (Member::new(&network, 1), Member::new(&network, 2));
    let acceptor = two.listen(any).await;
    let peer = one.reach(2, &acceptor).await;
    peer.sender().send(ask(4)).unwrap();
    let (replies, messages) = said(&mut two).await;
    assert_eq!(messages, [ask(4)]);
    replies.send_now(Note::Answer(4, 3)).unwrap();
    let (from, messages) = received(&mut one.bulk).await;
    assert!(matches!(from, Source::Server { id: MemberId(2) }), "{from:?}");
    assert_eq!(messages, [Note::Answer(4, 3)]);
    // The connection ends: one side is told that its answer is lost, the other that it cannot send it.
    drop(acceptor);
    while !matches!(one.event().await, Event::Disconnected { priority: Priority::Bulk, .. }) {}
    assert_eq!(replies.send(Note::Answer(5, 3)), Err(Unsent::Disconnected));
}

async fn a_batch_beyond_the_bound_is_sent(network: Network, any: &str) {
    let (mut one, mut two) = (Member::new(&network, 1), Member::new(&network, 2));
    one.endpoint.limits.bulk_bytes_max = 4 << 20;
    let acceptor = two.listen(any).await;
    let peer = one.reach(2, &acceptor).await;
    peer.sender().send(asks(0..6, 1 << 20)).unwrap();
    assert_eq!(peer.sender().send(asks(6..12, 1 << 20)), Err(Unsent::Full));
    assert!(asked(&mut two.bulk, 6).await.into_iter().eq(0..6));
}

async fn what_yields_leaves_room_for_the_rest(network: Network, any: &str) {
    let (mut one, mut two) = (Member::new(&network, 1), Member::new(&network, 2));
    one.endpoint.limits.bulk_bytes_max = 8 << 20;
    let acceptor = two.listen(any).await;
    let peer = one.reach(2, &acceptor).await;
    let load = |number| Note::Load(number, vec![Bytes::from(vec![7; 1 << 20])]);
    // Nothing is written before this test waits.
    let loads = (2..).take_while(|number| peer.sender().send(load(*number)).is_ok()).count();
    assert_eq!(loads, 4);
    (0..4).for_each(|id| peer.sender().send(asks(id..id + 1, 1 << 20)).unwrap());
    assert_eq!(peer.sender().send(load(6)), Err(Unsent::Full));
    let mut arrived = Vec::new();
    while arrived.len() < 4 {
        for message in received(&mut two.bulk).await.1 {
            if let Note::Ask(numbers, _) = message {
                arrived.extend(numbers);
            }
        }
    }
    assert_eq!(arrived, [0, 1, 2, 3]);
}

async fn a_full_inbox_holds_the_senders_back(network: Network, any: &str) {
    let mut one = Member::new(&network, 1);
    let mut two = Member::new(&network, 2);
    let acceptor = two.listen(any).await;
    let peer = one.reach(2, &acceptor).await;
    // The inbox holds four batches, the network some megabytes, the connection its limit: then it is full.
    let mut sent = 0;
    loop {
        match peer.sender().send(asks(sent..sent + 1, 1 << 20)) {
            Ok(()) => sent += 1,
            Err(error) => break assert_eq!(error, Unsent::Full),
        }
        tokio::task::yield_now().await;
        assert!(sent < 200, "nothing holds the sender back");
    }
    assert!(asked(&mut two.bulk, sent as usize).await.into_iter().eq(0..sent));
}

async fn bulk_does_not_hold_up_control(network: Network, any: &str) {
    let (mut one, mut two) = (Member::new(&network, 1), Member::new(&network, 2));
    let acceptor = two.listen(any).await;
    let peer = one.reach(2, &acceptor).await;
    while peer.sender().send(asks(1..2, 1 << 20)).is_ok() {}
    peer.sender().send(Note::HeartbeatRecord(9)).unwrap();
    assert_eq!(received(&mut two.control).await.1, [Note::HeartbeatRecord(9)]);
}
