//! Tests of who is accepted, and of the refusals of others.

use super::bodies::Note;
use super::world::*;
use crate::codec::ids::MemberId;
use crate::transport::admission::{Admission, check_answer};
use crate::transport::event::{Event, Source};
use crate::transport::limits::Limits;
use crate::transport::sender::Unsent;
use crate::transport::wire::hello::VERSION;
use crate::transport::wire::tests::version_1;
use crate::transport::wire::{Hello, Priority, Refusal};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

on_both!(
    refusals_are_told_once,
    the_callers_own_gate_is_asked,
    a_stranger_at_the_address_is_noticed,
    other_versions_are_refused_by_name,
    members_with_other_timeouts_do_not_meet,
    a_newer_connection_replaces_an_older_one,
    the_founder_replaces_whoever_came_before_the_founding,
    callers_are_judged_again_after_the_founding,
    slow_handshakes_are_cut,
    a_crowd_in_the_door_keeps_nobody_out,
);

async fn refused_by(events: &mut mpsc::Receiver<Event<Note>>) -> Refusal {
    match events.recv().await.unwrap() {
        Event::Refused { refusal, .. } => refusal,
        other => panic!("{other:?}"),
    }
}

async fn refusals_are_told_once(network: Network, any: &str) {
    let admission = Policy::of(2, 7);
    *admission.refuses.lock().unwrap() = Some(Refusal::UnknownMember);
    let two = Member::with(&network, admission.clone(), limits());
    let acceptor = two.listen(any).await;
    let mut one = Member::new(&network, 1);
    let peer = one.dial(2, acceptor.address());
    for _ in 0..2 {
        assert_eq!(refused_by(&mut one.control).await, Refusal::UnknownMember);
    }
    assert_eq!(peer.sender().send(Note::HeartbeatRecord(1)), Err(Unsent::Disconnected));
    // Both connections are dialed again: the next event tells that they were accepted.
    *admission.refuses.lock().unwrap() = None;
    for _ in 0..2 {
        assert!(matches!(one.event().await, Event::Connected { .. }));
    }
}

async fn the_callers_own_gate_is_asked(network: Network, any: &str) {
    let two = Member::new(&network, 2);
    let acceptor = two.listen(any).await;
    let admission = Policy::of(1, 7);
    admission.reject(Refusal::WrongDisk);
    let mut one = Member::with(&network, admission, limits());
    let _peer = one.dial(2, acceptor.address());
    assert_eq!(refused_by(&mut one.control).await, Refusal::WrongDisk);
}

async fn a_stranger_at_the_address_is_noticed(network: Network, any: &str) {
    let two = Member::new(&network, 2);
    let acceptor = two.listen(any).await;
    let cases =
        [(1, 7, 3, Refusal::NotMe), (1, 8, 2, Refusal::WrongCluster), (2, 7, 2, Refusal::DuplicateMember)];
    for (own, cluster, dialed, expected) in cases {
        let mut one = Member::with(&network, Policy::of(own, cluster), limits());
        let _peer = one.dial(dialed, acceptor.address());
        assert_eq!(refused_by(&mut one.control).await, expected);
    }
    // A member before bootstrap may connect to any other.
    let mut one = Member::with(&network, Policy::of(1, 0), limits());
    let _peer = one.reach(2, &acceptor).await;
}

async fn members_with_other_timeouts_do_not_meet(network: Network, any: &str) {
    let two = Member::new(&network, 2);
    let acceptor = two.listen(any).await;
    let admission = Policy::of(1, 7);
    admission.identity.lock().unwrap().election_ms = 100;
    let hasty = admission.identity();
    let mut one = Member::with(&network, admission, limits());
    let _peer = one.dial(2, acceptor.address());
    assert_eq!(refused_by(&mut one.control).await, Refusal::WrongTimeout);
    assert_eq!(check_answer(&*two.endpoint.admission, MemberId(1), &hasty), Err(Refusal::WrongTimeout));
    // A remote handle grants no leases and waits for none.
    let _client = handle(&network, &acceptor).await;
}

async fn a_newer_connection_replaces_an_older_one(network: Network, any: &str) {
    let mut two = Member::new(&network, 2);
    let acceptor = two.listen(any).await;
    let first = raw(&network, acceptor.address(), hello_of(1, Priority::Bulk)).await.unwrap();
    let _other_connection = raw(&network, acceptor.address(), hello_of(1, Priority::Control)).await.unwrap();
    let _second = raw(&network, acceptor.address(), hello_of(1, Priority::Bulk)).await.unwrap();
    closed(first).await;
    assert!(matches!(two.gone().await, Source::Member { id: MemberId(1), priority: Priority::Bulk, .. }));
}

async fn the_founder_replaces_whoever_came_before_the_founding(network: Network, any: &str) {
    let admission = Policy::of(2, 0);
    let mut two = Member::with(&network, admission.clone(), limits());
    let acceptor = two.listen(any).await;
    let impostor = raw(&network, acceptor.address(), hello_of(9, Priority::Bulk)).await.unwrap();
    let member = raw(&network, acceptor.address(), hello_of(1, Priority::Bulk)).await;
    assert!(matches!(member, Err(Refusal::DuplicateMember)));
    admission.form(7);
    let mut member = raw(&network, acceptor.address(), hello_of(1, Priority::Bulk)).await.unwrap();
    closed(impostor).await;
    assert!(matches!(two.gone().await, Source::Member { id: MemberId(1), priority: Priority::Bulk, .. }));
    member.write_all(&encoded(ask(1))).await.unwrap();
    assert_eq!(asked(&mut two.bulk, 1).await, [1]);
}

async fn callers_are_judged_again_after_the_founding(network: Network, any: &str) {
    let admission = Policy::of(2, 0);
    let mut two = Member::with(&network, admission.clone(), limits());
    let acceptor = two.listen(any).await;
    let mut caller = raw(&network, acceptor.address(), hello_of(9, Priority::Bulk)).await.unwrap();
    caller.write_all(&encoded(ask(1))).await.unwrap();
    assert_eq!(asked(&mut two.bulk, 1).await, [1]);
    admission.form(7);
    caller.write_all(&encoded(ask(2))).await.unwrap();
    assert_eq!(asked(&mut two.bulk, 1).await, [2]);
    // A caller that passes the check stays connected; one that fails it is not read any more.
    let mut caller = {
        admission.form(0);
        raw(&network, acceptor.address(), hello_of(9, Priority::Bulk)).await.unwrap()
    };
    two.gone().await;
    admission.form(7);
    *admission.refuses.lock().unwrap() = Some(Refusal::WrongDisk);
    caller.write_all(&encoded(ask(3))).await.unwrap();
    two.gone().await;
    closed(caller).await;
}

async fn slow_handshakes_are_cut(network: Network, any: &str) {
    let limits = Limits { handshake_timeout: Duration::from_millis(20), ..limits() };
    let member = Member::with(&network, Policy::of(1, 7), limits);
    let acceptor = member.listen(any).await;
    let silent = network.connect(acceptor.address()).await.unwrap();
    let mut slow = network.connect(acceptor.address()).await.unwrap();
    slow.write_all(&[80, 0, 0]).await.unwrap();
    closed(silent).await;
    closed(slow).await;
}

async fn a_crowd_in_the_door_keeps_nobody_out(network: Network, any: &str) {
    let limits = Limits { handshakes_max: 4, handshake_timeout: Duration::from_secs(600), ..limits() };
    let member = Member::with(&network, Policy::of(1, 7), limits);
    let acceptor = member.listen(any).await;
    let mut crowd = Vec::new();
    for _ in 0..20 {
        crowd.push(network.connect(acceptor.address()).await.unwrap());
    }
    let _client = handle(&network, &acceptor).await;
    // At most four are left; the others were cut.
    for stream in crowd.drain(..16) {
        closed(stream).await;
    }
}

/// Both sides learn both versions, as far as the other version can express them.
async fn other_versions_are_refused_by_name(network: Network, any: &str) {
    let two = Member::new(&network, 2);
    let acceptor = two.listen(any).await;
    let later = Hello { version: VERSION + 1, ..hello_of(1, Priority::Bulk) };
    let named = Refusal::WrongVersion { caller: VERSION + 1, called: VERSION };
    assert_eq!(raw(&network, acceptor.address(), later).await.err(), Some(named));
    // Version 1, and its answer to this version: byte for byte as it wrote them.
    let (hello, refused) = (version_1("hello"), version_1("refused-version"));
    let mut stream = network.connect(acceptor.address()).await.unwrap();
    stream.write_all(&hello).await.unwrap();
    let mut answer = vec![0; refused.len()];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, refused, "it reads no other");
    closed(stream).await;
    let mut listener = network.bind(any).await.unwrap();
    let mut one = Member::new(&network, 1);
    let _peer = one.dial(2, listener.address());
    let (mut stream, _) = listener.accept().await.unwrap();
    stream.write_all(&refused).await.unwrap();
    let expected = Refusal::WrongVersion { caller: VERSION, called: 1 };
    assert_eq!(refused_by(&mut one.control).await, expected);
}
