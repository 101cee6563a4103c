//! Tests of the handshake in both directions, and with version 1, whose messages are kept as it wrote them.

use super::envelope::{self, Expected, length};
use super::family::{Family, MessageKind, SenderKinds};
use super::golden::{self, Named};
use super::hello::{HANDSHAKE, Reply, VERSION, decode_reply, encode_alive, read_alive};
use super::registry::Registry;
use super::unreadable::Unreadable;
use super::*;
use crate::codec::ids::MemberId;
use crate::transport::limits::{BOOTSTRAP_MAX, ENVELOPE_LEN, HANDSHAKE_MAX, MESSAGE_MAX};
use bytes::{Bytes, BytesMut};

const GOLDEN: &str = include_str!("golden.txt");
const VERSION_1: &str = include_str!("version-1.txt");

/// Returns a message as version 1 wrote it.
pub(crate) fn version_1(name: &str) -> Vec<u8> {
    golden::parse(VERSION_1).into_iter().find(|(known, _)| *known == name).unwrap().1
}

#[derive(Debug, PartialEq)]
enum Read {
    Hello(Result<Hello, u16>),
    Reply(Reply),
    Alive,
}

fn hellos() -> Vec<(&'static str, Hello)> {
    let role =
        CallerKind::Member { id: MemberId(1), disk_id: 0x51, priority: Priority::Bulk, election_ms: 250 };
    vec![
        ("hello-member", Hello { version: VERSION, role, cluster: 0xc1, expected: Some(MemberId(2)) }),
        ("hello-client", Hello { version: VERSION, role: CallerKind::Client, cluster: 0, expected: None }),
    ]
}

fn replies() -> Vec<(&'static str, Reply)> {
    let identity = |cluster, bootstrap: &'static [u8]| Welcome {
        member: MemberId(2),
        disk_id: 0x52,
        election_ms: 250,
        cluster,
        bootstrap: Bytes::from_static(bootstrap),
    };
    vec![
        ("welcome-unformed", Ok(identity(0, b""))),
        ("refused", Err(Refusal::WrongCluster)),
        ("refused-timeout", Err(Refusal::WrongTimeout)),
        ("refused-version", Err(Refusal::WrongVersion { caller: 3, called: VERSION })),
        ("refused-version-1", Err(Refusal::WrongVersion { caller: VERSION, called: 1 })),
        ("welcome-formed", Ok(identity(0xc1, b"as the node says"))),
    ]
}

fn all_written() -> Vec<Named> {
    let mut all = Vec::new();
    for (name, hello) in hellos() {
        let mut bytes = BytesMut::new();
        hello.encode(&mut bytes);
        all.push((name, bytes));
    }
    let mut alive = BytesMut::new();
    encode_alive(&mut alive);
    all.push(("alive", alive));
    for (name, reply) in replies() {
        let mut bytes = BytesMut::new();
        match reply {
            Ok(identity) => identity.encode(&mut bytes),
            Err(refusal) => refusal.encode(&mut bytes),
        }
        all.push((name, bytes));
    }
    all
}

fn read(bytes: &[u8]) -> Result<Option<Read>, Unreadable> {
    let mut received = BytesMut::from(bytes);
    let Some(envelope) = envelope::take(&mut received, &golden::handshake())? else { return Ok(None) };
    if !received.is_empty() {
        return Err(Malformed::Trailing(received.len()).into());
    }
    Ok(Some(match envelope.kind.number {
        1 => Read::Hello(Hello::decode(&envelope)?),
        4 => read_alive(&envelope).map(|()| Read::Alive)?,
        _ => Read::Reply(decode_reply(&envelope)?),
    }))
}

#[test]
fn handshakes_are_written_as_they_always_were_and_read_back() {
    golden::check_written(GOLDEN, &all_written());
    let mut expected: Vec<_> = hellos().into_iter().map(|(_, hello)| Read::Hello(Ok(hello))).collect();
    expected.push(Read::Alive);
    expected.extend(replies().into_iter().map(|(_, reply)| Read::Reply(reply)));
    golden::check_read(GOLDEN, expected, &read);
}

#[test]
fn no_damage_and_no_forgery_makes_a_handshake() {
    let mut all = all_written();
    // The last one is left out: its bootstrap data may have any length.
    assert_eq!(all.pop().map(|(name, _)| name), Some("welcome-formed"));
    golden::try_hard(&all, &golden::handshake(), &read);
}

#[test]
fn a_node_may_say_so_much_and_no_more_and_nothing_of_no_cluster() {
    let identity = |cluster, length| Welcome {
        member: MemberId(2),
        disk_id: 0x52,
        election_ms: 250,
        cluster,
        bootstrap: vec![7; length].into(),
    };
    let written = |identity: &Welcome| {
        let mut bytes = BytesMut::new();
        identity.encode(&mut bytes);
        bytes
    };
    let longest = written(&identity(9, BOOTSTRAP_MAX));
    assert_eq!(longest.len(), HANDSHAKE_MAX);
    assert_eq!(read(&longest), Ok(Some(Read::Reply(Ok(identity(9, BOOTSTRAP_MAX))))));
    assert!(read(&written(&identity(0, 1))).is_err());
}

#[test]
fn another_version_is_told_apart_whatever_it_says() {
    let mut bytes = BytesMut::new();
    hellos()[0].1.encode(&mut bytes);
    let mut other = bytes.to_vec();
    other[24..26].copy_from_slice(&7u16.to_le_bytes());
    other.resize(200, 0xee);
    let other = golden::with_checksum(other, &HANDSHAKE);
    assert_eq!(read(&other), Ok(Some(Read::Hello(Err(7)))));
    assert_eq!(read(&version_1("hello")), Ok(Some(Read::Hello(Err(1)))));
}

#[test]
fn a_refusal_of_version_1_names_no_version_and_is_understood() {
    let refused = Refusal::WrongVersion { caller: VERSION, called: 1 };
    assert_eq!(read(&version_1("refused-version")), Ok(Some(Read::Reply(Err(refused)))));
    let mut answer = BytesMut::new();
    Refusal::WrongVersion { caller: 1, called: VERSION }.encode(&mut answer);
    assert_eq!(answer, version_1("refused-version")[..], "and nothing else would be understood there");
    let named = Refusal::WrongVersion { caller: 3, called: 2 };
    assert_eq!(
        named.to_string(),
        "the caller speaks version 3 of the protocol, and whom it called speaks version 2"
    );
}

const SHORT: &[MessageKind] = &[
    MessageKind::new(Family::Messages, 1, SenderKinds::CONTROL, (8, 8)),
    MessageKind::new(Family::Messages, 2, SenderKinds::BULK, (1, 64)),
];

#[test]
fn a_message_is_refused_before_its_bytes_come() {
    let kinds: &'static Registry = const { &Registry::of(&[SHORT]) };
    let expected = |sender, longest| Expected { kinds, sender, longest };
    let front = |length: usize, kind: u8, family: u8| {
        [&(length as u32).to_le_bytes()[..], &[0; 4], &[kind, family]].concat()
    };
    let refused = |bytes: &[u8]| length(bytes, &expected(SenderKinds::CONTROL, MESSAGE_MAX)).is_err();
    assert!(refused(&(MESSAGE_MAX as u32 + 1).to_le_bytes()));
    assert!(refused(&u32::MAX.to_le_bytes()));
    assert!(!refused(&(MESSAGE_MAX as u32).to_le_bytes()));
    let shy = expected(SenderKinds::STRANGER, HANDSHAKE_MAX);
    assert!(length(&(HANDSHAKE_MAX as u32 + 1).to_le_bytes(), &shy).is_err());
    // Kind 1 has only one valid length, and an unknown kind has none.
    assert_eq!(length(&front(ENVELOPE_LEN + 8, 1, 5), &expected(SenderKinds::CONTROL, MESSAGE_MAX)), Ok(32));
    assert!(refused(&front(ENVELOPE_LEN + 9, 1, 5)) && refused(&front(ENVELOPE_LEN + 7, 1, 5)));
    let unknown = |kind, family| Err(Unreadable::Unknown { family, kind });
    for (kind, family) in [(3, 5), (0, 5), (1, 4), (1, 6), (1, 7), (255, 255)] {
        let found = length(&front(32, kind, family), &expected(SenderKinds::CONTROL, MESSAGE_MAX));
        assert_eq!(found, unknown(kind, family));
    }
    let misplaced = length(&front(32, 2, 5), &expected(SenderKinds::CONTROL, MESSAGE_MAX));
    assert_eq!(misplaced, Err(Unreadable::Misplaced { family: 5, kind: 2 }));
    let hello = length(&front(80, 1, 0), &expected(SenderKinds::BULK, MESSAGE_MAX));
    assert_eq!(hello, Err(Unreadable::Misplaced { family: 0, kind: 1 }));
}

#[test]
fn a_flag_that_means_nothing_is_refused() {
    for (name, bytes) in all_written() {
        for bit in 0..8 {
            let mut flagged = bytes.to_vec();
            flagged[10] = 1 << bit;
            let outcome = read(&golden::with_checksum(flagged, &golden::handshake()));
            let refused = Malformed::Value { field: "message flags", found: 1 << bit };
            assert_eq!(outcome, Err(refused.into()), "{name}");
        }
    }
}
