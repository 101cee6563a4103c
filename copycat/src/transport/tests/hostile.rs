//! Tests of bytes and silences that no honest process sends.

use super::bodies::Note;
use super::world::*;
use crate::transport::admission::Admission;
use crate::transport::event::Event;
use crate::transport::limits::{HANDSHAKE_MAX, Limits, MESSAGE_MAX};
use crate::transport::wire::Priority;
use bytes::BytesMut;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

on_both!(
    garbage_closes_the_connection_only,
    oversized_lengths_close_the_connection,
    misplaced_messages_close_the_connection,
    unknown_kinds_close_the_connection_before_their_bodies_come,
    a_silent_connection_is_closed,
);

async fn garbage_closes_the_connection_only(network: Network, any: &str) {
    let mut member = Member::new(&network, 2);
    let acceptor = member.listen(any).await;
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..20 {
        let mut garbage = vec![0; random.usize(24..5_000)];
        random.fill(&mut garbage);
        // The acceptor may close before everything is written.
        let mut stream = network.connect(acceptor.address()).await.unwrap();
        let _cut = stream.write_all(&garbage).await;
        closed(stream).await;
        let mut stream = raw(&network, acceptor.address(), hello_of(1, Priority::Bulk)).await.unwrap();
        let _cut = stream.write_all(&garbage).await;
        closed(stream).await;
        member.gone().await;
    }
    // Messages that arrived before the garbage are delivered.
    let mut stream = raw(&network, acceptor.address(), hello_of(1, Priority::Bulk)).await.unwrap();
    stream.write_all(&[&encoded(ask(6))[..], &[0xff; 64]].concat()).await.unwrap();
    assert_eq!(asked(&mut member.bulk, 1).await, [6]);
    member.gone().await;
}

async fn oversized_lengths_close_the_connection(network: Network, any: &str) {
    let mut member = Member::new(&network, 2);
    let acceptor = member.listen(any).await;
    let mut stream = network.connect(acceptor.address()).await.unwrap();
    stream.write_all(&(HANDSHAKE_MAX as u32 + 1).to_le_bytes()).await.unwrap();
    closed(stream).await;
    let mut stream = raw(&network, acceptor.address(), hello_of(1, Priority::Bulk)).await.unwrap();
    stream.write_all(&(MESSAGE_MAX as u32 + 1).to_le_bytes()).await.unwrap();
    closed(stream).await;
    member.gone().await;
}

async fn misplaced_messages_close_the_connection(network: Network, any: &str) {
    let mut member = Member::new(&network, 2);
    let acceptor = member.listen(any).await;
    let cases = [
        (HANDLE, Note::HeartbeatRecord(1)),
        (HANDLE, Note::Answer(1, 1)),
        (hello_of(1, Priority::Bulk), Note::HeartbeatRecord(1)),
        (hello_of(1, Priority::Bulk), Note::Answer(1, 1)),
        (hello_of(1, Priority::Control), ask(1)),
        (HANDLE, Note::Load(1, Vec::new())),
        (hello_of(1, Priority::Bulk), Note::Question(1)),
        (hello_of(1, Priority::Control), Note::Load(1, Vec::new())),
    ];
    for (hello, message) in cases {
        let mut stream = raw(&network, acceptor.address(), hello).await.unwrap();
        stream.write_all(&encoded(message)).await.unwrap();
        closed(stream).await;
    }
    for _ in 0..6 {
        member.gone().await;
    }
    for _ in 0..2 {
        assert!(matches!(member.control.recv().await, Some(Event::Gone { .. })));
    }
}

/// A message that is refused for its kind is refused before the rest of it arrives.
async fn unknown_kinds_close_the_connection_before_their_bodies_come(network: Network, any: &str) {
    let mut member = Member::new(&network, 2);
    let acceptor = member.listen(any).await;
    // Kind and family: unknown ones, reserved families, and kinds of the handshake.
    let strangers =
        [[0, 5], [6, 5], [1, 1], [1, 2], [1, 3], [1, 4], [1, 6], [1, 7], [255, 255], [1, 0], [2, 0], [0, 0]];
    for stranger in strangers {
        let mut stream = raw(&network, acceptor.address(), hello_of(1, Priority::Bulk)).await.unwrap();
        let front = [&(1u32 << 20).to_le_bytes()[..], &[0; 4], &stranger].concat();
        stream.write_all(&front).await.unwrap();
        closed(stream).await;
        member.gone().await;
    }
}

async fn a_silent_connection_is_closed(network: Network, any: &str) {
    let patience = Duration::from_millis(5);
    let limits = Limits { ping_interval: patience, silence_max: patience * 4, ..limits() };
    let mut member = Member::with(&network, Policy::of(2, 7), limits.clone());
    let acceptor = member.listen(any).await;
    let silent = raw(&network, acceptor.address(), hello_of(1, Priority::Bulk)).await.unwrap();
    member.gone().await;
    closed(silent).await;
    // The other way round: a member that accepts the connection and then stays silent.
    let mut one = Member::with(&network, Policy::of(1, 7), limits);
    let mut listener = network.bind(any).await.unwrap();
    let _peer = one.dial(2, listener.address());
    let mut streams = Vec::new();
    for _ in 0..2 {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut welcome = BytesMut::new();
        Policy::of(2, 7).identity().encode(&mut welcome);
        stream.write_all(&welcome).await.unwrap();
        streams.push(stream);
    }
    let mut lost = 0;
    while lost < 2 {
        lost += usize::from(matches!(one.event().await, Event::Disconnected { .. }));
    }
}
