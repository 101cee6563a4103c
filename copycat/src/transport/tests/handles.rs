//! Tests of remote handles, which have one connection and are answered on it.

use super::bodies::Note;
use super::world::*;
use crate::codec::ids::MemberId;
use crate::transport::client::ClientError;
use crate::transport::closed::Closed;
use crate::transport::event::{Event, Source};
use crate::transport::limits::Limits;
use crate::transport::sender::Unsent;
use crate::transport::wire::Refusal;
use crate::transport::wire::hello::encode_alive;
use bytes::BytesMut;
use std::io;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

on_both!(
    handles_ask_and_get_their_answers,
    a_handle_finds_the_member_that_lives,
    a_handle_that_never_reads_is_cut_and_harms_nobody,
    a_handle_that_takes_nothing_is_cut_though_it_lives,
    a_handle_that_reads_gets_many_large_answers,
    there_is_room_for_so_many_handles,
);

async fn handles_ask_and_get_their_answers(network: Network, any: &str) {
    let mut member = Member::new(&network, 1);
    let acceptor = member.listen(any).await;
    let mut client = handle(&network, &acceptor).await;
    assert_eq!((client.identity.member, client.identity.cluster), (MemberId(1), 7));
    client.sender.send(ask(4)).unwrap();
    let (replies, messages) = said(&mut member).await;
    assert_eq!(messages, [ask(4)]);
    replies.send(Note::Answer(4, 3)).unwrap();
    assert_eq!(answered(&mut client.events, 1).await[0], 4);
    drop(client);
    assert!(matches!(member.gone().await, Source::Client { .. }));
    assert_eq!(replies.send(Note::Answer(5, 3)), Err(Unsent::Disconnected));
}

async fn a_handle_finds_the_member_that_lives(network: Network, any: &str) {
    let member = Member::new(&network, 1);
    let gone = member.listen(any).await;
    let dead = gone.address().to_owned();
    gone.close().await;
    let acceptor = member.listen(any).await;
    let addresses = [dead.clone(), acceptor.address().to_owned()];
    let mut client = connect(&network, &addresses, 0).await.unwrap();
    acceptor.close().await;
    assert!(matches!(client.events.recv().await, Some(Event::Gone { .. })));
    assert!(client.events.recv().await.is_none());
    let refused = Closed::Network(io::ErrorKind::ConnectionRefused);
    let error = connect(&network, &[dead], 0).await.unwrap_err();
    assert_eq!(error, ClientError::Unreachable(refused));
    let error = connect(&network, &[], 0).await.unwrap_err();
    assert_eq!(error, ClientError::NoAddress);
}

async fn a_handle_that_never_reads_is_cut_and_harms_nobody(network: Network, any: &str) {
    let limits = Limits { client_bytes_max: 16 << 20, ..limits() };
    let mut member = Member::with(&network, Policy::of(1, 7), limits);
    let acceptor = member.listen(any).await;
    let mut deaf = raw(&network, acceptor.address(), HANDLE).await.unwrap();
    deaf.write_all(&encoded(ask(1))).await.unwrap();
    let (to_deaf, _) = said(&mut member).await;
    let mut client = handle(&network, &acceptor).await;
    client.sender.send(ask(2)).unwrap();
    let (to_client, _) = said(&mut member).await;
    while to_deaf.send_now(Note::Answer(1, 1 << 20)).is_ok() {
        // The network accepts some bytes in flight.
        tokio::task::yield_now().await;
    }
    assert!(matches!(member.gone().await, Source::Client { .. }));
    assert_eq!(to_deaf.send(Note::Answer(1, 1)), Err(Unsent::Disconnected));
    to_client.send(Note::Answer(2, 1)).unwrap();
    assert_eq!(answered(&mut client.events, 1).await[0], 2);
}

async fn a_handle_that_takes_nothing_is_cut_though_it_lives(network: Network, any: &str) {
    let patience = Duration::from_millis(5);
    let limits = Limits {
        ping_interval: patience,
        silence_max: patience * 4,
        client_idle_bytes_max: 1 << 20,
        ..limits()
    };
    let mut member = Member::with(&network, Policy::of(1, 7), limits);
    let acceptor = member.listen(any).await;
    let mut deaf = raw(&network, acceptor.address(), HANDLE).await.unwrap();
    deaf.write_all(&encoded(ask(1))).await.unwrap();
    let (replies, _) = said(&mut member).await;
    // Below the bound, but more than the network accepts in flight.
    for id in 0..40 {
        replies.send(Note::Answer(id, 1 << 20)).unwrap();
    }
    let mut alive = BytesMut::new();
    encode_alive(&mut alive);
    let lives = async { while deaf.write_all(&alive).await.is_ok() {} };
    let (_, gone) = tokio::join!(lives, member.gone());
    assert!(matches!(gone, Source::Client { .. }));
}

async fn a_handle_that_reads_gets_many_large_answers(network: Network, any: &str) {
    let mut member = Member::new(&network, 1);
    let acceptor = member.listen(any).await;
    let mut client = handle(&network, &acceptor).await;
    client.sender.send(ask(1)).unwrap();
    let (replies, _) = said(&mut member).await;
    for id in 0..8 {
        replies.send(Note::Answer(id, 3 << 20)).unwrap();
    }
    let arrived = answered(&mut client.events, 8).await;
    assert!(arrived.into_iter().eq(0..8));
    // Written by this thread until the network accepts no more: the connection's task writes the rest.
    for id in 8..16 {
        replies.send_now(Note::Answer(id, 3 << 20)).unwrap();
    }
    let arrived = answered(&mut client.events, 8).await;
    assert!(arrived.into_iter().eq(8..16));
}

async fn there_is_room_for_so_many_handles(network: Network, any: &str) {
    let limits = Limits { clients_max: 2, ..limits() };
    let mut member = Member::with(&network, Policy::of(1, 7), limits);
    let acceptor = member.listen(any).await;
    let first = handle(&network, &acceptor).await;
    let _second = handle(&network, &acceptor).await;
    let addresses = [acceptor.address().to_owned()];
    let error = connect(&network, &addresses, 7).await.unwrap_err();
    assert_eq!(error, ClientError::Refused(Refusal::TooManyConnections));
    let mut other = Member::new(&network, 2);
    let _peer = other.reach(1, &acceptor).await;
    drop(first);
    member.gone().await;
    // The event may come a moment before the registration is removed.
    while connect(&network, &addresses, 7).await.is_err() {}
}
