//! Tests of orderly closes, and of what remains after them.

use super::bodies::Note;
use super::world::*;
use crate::transport::acceptor::Acceptor;
use crate::transport::event::Event;
use crate::transport::sender::Unsent;
use crate::transport::wire::Priority;
use std::io;
use std::time::Duration;

on_both!(
    closing_writes_what_is_queued,
    closing_an_acceptor_writes_what_is_queued,
    an_end_is_told_after_what_was_received_before_it,
    nothing_is_left_running,
    an_occupied_address_is_an_error,
);

async fn closing_writes_what_is_queued(network: Network, any: &str) {
    let (mut one, mut two) = (Member::new(&network, 1), Member::new(&network, 2));
    one.endpoint.limits.linger = Duration::from_secs(60);
    let acceptor = two.listen(any).await;
    let peer = one.reach(2, &acceptor).await;
    let sender = peer.sender();
    for id in 0..20 {
        sender.send(asks(id..id + 1, 1 << 20)).unwrap();
    }
    let (_, arrived) = tokio::join!(peer.close(), asked(&mut two.bulk, 20));
    assert!(arrived.into_iter().eq(0..20));
    assert_eq!(sender.send(ask(20)), Err(Unsent::Disconnected));
}

async fn closing_an_acceptor_writes_what_is_queued(network: Network, any: &str) {
    let mut member = Member::new(&network, 1);
    member.endpoint.limits.linger = Duration::from_secs(60);
    let acceptor = member.listen(any).await;
    let mut client = handle(&network, &acceptor).await;
    client.sender.send(ask(1)).unwrap();
    let (replies, _) = said(&mut member).await;
    for id in 0..10 {
        replies.send(Note::Answer(id, 1 << 20)).unwrap();
    }
    let (_, arrived) = tokio::join!(acceptor.close(), answered(&mut client.events, 10));
    assert!(arrived.into_iter().eq(0..10));
    assert!(matches!(client.events.recv().await, Some(Event::Gone { .. })));
}

/// Otherwise a request whose answer has arrived would be reported as lost.
async fn an_end_is_told_after_what_was_received_before_it(network: Network, any: &str) {
    let (mut one, mut two) = (Member::new(&network, 1), Member::new(&network, 2));
    let acceptor = two.listen(any).await;
    let peer = one.reach(2, &acceptor).await;
    peer.sender().send(ask(4)).unwrap();
    let (replies, _) = said(&mut two).await;
    for id in 0..10 {
        replies.send(Note::Answer(id, 1 << 10)).unwrap();
    }
    acceptor.close().await;
    assert!(matches!(
        one.control.recv().await,
        Some(Event::Disconnected { priority: Priority::Control, .. })
    ));
    assert!(answered(&mut one.bulk, 10).await.into_iter().eq(0..10));
    let end = one.bulk.recv().await;
    assert!(matches!(end, Some(Event::Disconnected { priority: Priority::Bulk, .. })), "{end:?}");
}

async fn nothing_is_left_running(network: Network, any: &str) {
    let running = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = running();
    let mut one = Member::new(&network, 1);
    let two = Member::new(&network, 2);
    let acceptor = two.listen(any).await;
    let peer = one.reach(2, &acceptor).await;
    let client = handle(&network, &acceptor).await;
    let unreachable = one.dial(3, "127.0.0.1:1");
    let _raw = network.connect(acceptor.address()).await.unwrap();
    peer.close().await;
    client.close().await;
    unreachable.close().await;
    acceptor.close().await;
    assert_eq!(running(), before);
    // Without an orderly close, the tasks end as well.
    let acceptor = two.listen(any).await;
    let dropped = (one.reach(2, &acceptor).await, handle(&network, &acceptor).await, acceptor);
    drop(dropped);
    while running() > before {
        tokio::task::yield_now().await;
    }
}

async fn an_occupied_address_is_an_error(network: Network, any: &str) {
    let member = Member::new(&network, 1);
    let acceptor = member.listen(any).await;
    let error = Acceptor::listen(&member.endpoint, acceptor.address()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    let address = acceptor.address().to_owned();
    acceptor.close().await;
    member.listen(&address).await;
}
