//! Tests of every message of the family in both directions, against golden bytes that must stay readable, and
//! against bytes that must not be read.

use super::leaders::{self, ADDRESS_MAX, FindLeaders, GROUPS_MAX, LeaderHint, Leaders};
use super::resolve::{self, NAME_MAX, PARTITIONS_MAX, Partition, Resolve, Resolved};
use super::results::{self, Answered, Results};
use super::submit::{self, Submit, Submitted};
use super::{KINDS, number};
use crate::codec::access::{Access, Consistency, ReadOrder};
use crate::codec::command::{Call, Command, Stamp};
use crate::codec::cursor::Malformed;
use crate::codec::frame::{BODY_MAX, RESULT_MAX};
use crate::codec::ids::{GroupId, MemberId, MethodId};
use crate::codec::shape::fingerprint::Fingerprint;
use crate::codec::shape::schema::SCHEMA_MAX;
use crate::request::error::{Failure, NamedMembers};
use crate::transport::limits::{ENVELOPE_LEN, MESSAGE_MAX};
use crate::transport::wire::envelope::{self, Envelope};
use crate::transport::wire::golden::{self, Named, Samples, read_one};
use crate::transport::wire::registry::Registry;
use crate::transport::wire::unreadable::Unreadable;
use crate::transport::wire::{Incoming, Outgoing, into_bytes, read_all};
use crate::transport::write_buffer::WriteBuffer;
use bytes::{Bytes, BytesMut};
use std::time::Duration;

const GOLDEN: &str = include_str!("golden.txt");
const GROUP: GroupId = GroupId(0x0807_0605_0403_0201);

/// All messages of the family, for any receiver.
#[derive(Clone, Debug, PartialEq)]
enum Any {
    Submit(Submit),
    Results(Results),
    FindLeaders(FindLeaders),
    Leaders(Leaders),
    Resolve(Resolve),
    Resolved(Resolved),
}

impl Incoming for Any {
    const KINDS: &'static Registry = &Registry::of(&[KINDS]);

    fn read(envelope: &Envelope) -> Result<Any, Malformed> {
        Ok(match envelope.kind.number {
            number::SUBMIT => Any::Submit(submit::read(envelope)?),
            number::RESULTS => Any::Results(Results(results::read(envelope)?)),
            number::FIND_LEADERS => Any::FindLeaders(FindLeaders(leaders::read_find_leaders(envelope)?)),
            number::LEADERS => Any::Leaders(Leaders(leaders::read_leaders(envelope)?)),
            number::RESOLVE => Any::Resolve(resolve::read_question(envelope)?),
            number::RESOLVED => Any::Resolved(resolve::read_answer(envelope)?),
            _ => unreachable!("all kinds are here"),
        })
    }
}

fn failed(code: u16, members: &[u64]) -> Failure {
    Failure { code, members: NamedMembers::new(members.iter().map(|id| MemberId(*id))) }
}

fn written(message: Any) -> BytesMut {
    match message {
        Any::Submit(submit) => into_bytes(submit),
        Any::Results(results) => into_bytes(results),
        Any::FindLeaders(seek) => into_bytes(seek),
        Any::Leaders(leaders) => into_bytes(leaders),
        Any::Resolve(resolve) => into_bytes(resolve),
        Any::Resolved(resolved) => into_bytes(resolved),
    }
    .unwrap()
}

fn read(bytes: &[u8]) -> Result<Option<Any>, Unreadable> {
    read_one(bytes)
}

fn with_checksum(bytes: Vec<u8>) -> Vec<u8> {
    golden::with_checksum(bytes, &golden::expected::<Any>())
}

fn write(key_len: u32, body: Bytes) -> Call {
    Call::new(Access::Write, Command { method: MethodId(1), key_len, body })
}

fn submit(term: u64, requests: Vec<Submitted>) -> Submit {
    Submit { group: GROUP, term, left: Duration::from_millis(4_321), requests }
}

fn request(id: u64, access: Access, body: &'static [u8]) -> Submitted {
    let (method, key_len) = (MethodId::of("deposit"), body.len().min(2) as u32);
    let command = Command { method, key_len, body: Bytes::from_static(body) };
    Submitted { id, call: Call::new(access, command) }
}

fn stamped(id: u64, stamp: Stamp) -> Submitted {
    let Submitted { call, .. } = request(id, Access::Write, b"\x01a\x64");
    Submitted { id, call: Call { stamp, ..call } }
}

fn fingerprinted(id: u64, access: Access) -> Submitted {
    let Submitted { call, .. } = request(id, access, b"");
    Submitted { id, call: Call { fingerprint: Fingerprint(0x1234), ..call } }
}

fn leaders() -> Vec<LeaderHint> {
    let leader =
        |group, member, address: &str| LeaderHint { group, term: 5, member, address: address.into() };
    vec![leader(GROUP, MemberId(2), "10.0.0.2:7400"), leader(GroupId(9), MemberId(3), "c.example:1")]
}

fn partitions() -> Vec<Partition> {
    let known = |leader: LeaderHint| Partition { group: leader.group, leader: Some(leader) };
    let mut partitions: Vec<_> = leaders().into_iter().map(known).collect();
    partitions.insert(1, Partition { group: GroupId(10), leader: None });
    partitions
}

fn resolved(id: u64) -> Resolved {
    Resolved { id, partitions: Ok(partitions()), schema: Bytes::from_static(b"shapes") }
}

fn not_open(id: u64) -> Resolved {
    Resolved { id, partitions: Err(9), schema: Bytes::new() }
}

fn samples() -> Samples<Any> {
    let requests = vec![
        request(1, Access::Write, b"\x01a\x64"),
        request(2, Access::Read(Consistency::Strict, ReadOrder::Unordered), b""),
        request(3, Access::Read(Consistency::Lease, ReadOrder::Unordered), b"x"),
        request(4, Access::Read(Consistency::Eventual, ReadOrder::Unordered), b"xyz"),
    ];
    let lined = vec![
        fingerprinted(5, Access::Read(Consistency::Strict, ReadOrder::Ordered)),
        request(6, Access::Read(Consistency::Eventual, ReadOrder::AfterWrites), b"x"),
    ];
    let stamps = vec![
        stamped(7, Stamp { session: 0x5e55, line: 3, sequence: 80_000, settled: 79_000 }),
        stamped(8, Stamp { session: 0x5e55, line: 0, sequence: 1, settled: 0 }),
    ];
    let answers = vec![
        Answered { id: 1, result: Ok(Bytes::from_static(b"\x64")) },
        Answered { id: 2, result: Err(failed(2, &[])) },
        Answered { id: 3, result: Ok(Bytes::new()) },
        Answered { id: 4, result: Err(failed(19, &[2, 3])) },
        Answered { id: 5, result: Err(failed(19, &[1, 2, 3, 4])) },
    ];
    vec![
        ("submit", Any::Submit(submit(5, requests))),
        ("submit-in-line", Any::Submit(submit(0, lined))),
        ("submit-stamped", Any::Submit(submit(5, stamps))),
        ("results", Any::Results(Results(answers))),
        ("seek", Any::FindLeaders(FindLeaders(vec![GROUP, GroupId(9)]))),
        ("leaders", Any::Leaders(Leaders(leaders()))),
        ("leaders-unknown", Any::Leaders(Leaders(Vec::new()))),
        ("resolve", Any::Resolve(Resolve { id: 77, name: "bank/π".into() })),
        ("resolved", Any::Resolved(resolved(77))),
        ("resolved-not-open", Any::Resolved(not_open(77))),
    ]
}

fn all_written() -> Vec<Named> {
    golden::written(samples(), written)
}

#[test]
fn every_message_is_written_as_it_always_was_and_reads_back() {
    golden::check(GOLDEN, samples(), written, &read);
}

#[test]
fn no_damage_and_no_forgery_makes_a_message() {
    golden::try_hard(&all_written(), &golden::expected::<Any>(), &read);
}

#[test]
fn long_batches_are_cut_and_come_back_whole() {
    let body = Bytes::from(vec![7; 100_000]);
    let answers: Vec<_> = (0..50).map(|id| Answered { id, result: Ok(body.clone()) }).collect();
    let requests: Vec<_> = (0..50).map(|id| Submitted { id, call: write(9, body.clone()) }).collect();
    let mut arrived = Vec::new();
    for message in read_all(written(Any::Results(Results(answers.clone()))).freeze()).unwrap() {
        let Any::Results(run) = message else { panic!("{message:?}") };
        arrived.extend(run.0);
    }
    assert_eq!(arrived, answers);
    let mut arrived = Vec::new();
    for message in read_all(written(Any::Submit(submit(3, requests.clone()))).freeze()).unwrap() {
        let Any::Submit(run) = message else { panic!("{message:?}") };
        assert_eq!(Submit { requests: Vec::new(), ..run.clone() }, submit(3, Vec::new()));
        arrived.extend(run.requests);
    }
    assert_eq!(arrived, requests);
}

/// One message has one session, while a member forwards requests of many.
#[test]
fn a_batch_of_several_sessions_is_cut_where_the_session_changes() {
    let sessions = [0, 0, 8, 8, 8, 0, 9];
    let stamp = |session| match session {
        0 => Stamp::NONE,
        _ => Stamp { session, line: 1, sequence: 2, settled: 2 },
    };
    let requests: Vec<_> = (0..7).map(|id| stamped(id, stamp(sessions[id as usize]))).collect();
    let mut runs = Vec::new();
    for message in read_all(written(Any::Submit(submit(3, requests.clone()))).freeze()).unwrap() {
        let Any::Submit(run) = message else { panic!("{message:?}") };
        runs.push(run.requests);
    }
    assert_eq!(runs.iter().map(Vec::len).collect::<Vec<_>>(), [2, 3, 1, 1]);
    assert_eq!(runs.concat(), requests);
}

#[test]
fn an_unstamped_request_takes_no_byte_for_its_stamp() {
    let one = |stamp| written(Any::Submit(submit(0, vec![stamped(1, stamp)]))).len();
    assert_eq!(one(Stamp::NONE), ENVELOPE_LEN + 32 + 24 + 3);
    let stamp = Stamp { session: 1, line: 0, sequence: 1, settled: 0 };
    assert_eq!(one(stamp), one(Stamp::NONE) + 24);
}

#[test]
fn the_time_that_is_left_fits_its_field() {
    let longest = Duration::from_millis(u32::MAX.into());
    for (left, expected) in [(Duration::ZERO, Duration::ZERO), (Duration::MAX, longest)] {
        let sent = Submit { left, ..submit(0, vec![request(1, Access::Write, b"")]) };
        let arrived = read(&written(Any::Submit(sent))).unwrap();
        assert!(matches!(arrived, Some(Any::Submit(Submit { left, .. })) if left == expected));
    }
}

#[test]
fn what_the_other_side_would_refuse_is_not_sent() {
    fn refused(message: impl Outgoing) {
        let mut out = WriteBuffer::default();
        assert!(message.encode(&mut out).is_err());
        assert_eq!(out.len(), 0);
    }
    let body = Bytes::from(vec![0; BODY_MAX + 1]);
    refused(Results(vec![Answered { id: 1, result: Ok(vec![0; RESULT_MAX + 1].into()) }]));
    refused(submit(0, vec![Submitted { id: 1, call: write(0, body) }]));
    refused(submit(0, vec![Submitted { id: 1, call: write(2, Bytes::from_static(b"k")) }]));
    refused(submit(0, vec![stamped(1, Stamp { session: 0, line: 0, sequence: 1, settled: 0 })]));
    refused(submit(0, vec![stamped(1, Stamp { session: 1, line: 0, sequence: 1, settled: 2 })]));
    refused(submit(0, vec![stamped(1, Stamp { session: 1, line: 0, sequence: 70_000, settled: 0 })]));
    refused(Resolve { id: 1, name: String::new() });
    refused(Resolve { id: 1, name: "a".repeat(NAME_MAX + 1) });
    let resolved = |partitions| Resolved { id: 1, partitions: Ok(partitions), schema: Bytes::new() };
    refused(resolved(Vec::new()));
    refused(resolved(vec![Partition { group: GROUP, leader: None }; PARTITIONS_MAX + 1]));
    refused(resolved(vec![Partition { group: GroupId(0), leader: None }]));
    refused(resolved(vec![Partition { group: GroupId(3), leader: Some(leaders().remove(0)) }]));
    refused(Resolved { schema: vec![0; SCHEMA_MAX + 1].into(), ..self::resolved(1) });
    refused(Resolved { schema: Bytes::from_static(b"shapes"), ..not_open(1) });
    refused(FindLeaders(Vec::new()));
    refused(FindLeaders(vec![GroupId(0)]));
    refused(FindLeaders(vec![GROUP; GROUPS_MAX + 1]));
    let with = |change: fn(&mut LeaderHint)| {
        let mut leader = leaders().remove(0);
        change(&mut leader);
        Leaders(vec![leader])
    };
    refused(Leaders(vec![leaders().remove(0); GROUPS_MAX + 1]));
    refused(with(|leader| leader.address.clear()));
    refused(with(|leader| leader.address = "a".repeat(ADDRESS_MAX + 1)));
    refused(with(|leader| leader.member = MemberId(0)));
    refused(with(|leader| leader.term = 0));
    refused(with(|leader| leader.group = GroupId(0)));
}

/// Reads the message with other bytes at a place in the body.
fn forged(bytes: &BytesMut, at: usize, with: &[u8]) -> Result<Option<Any>, Unreadable> {
    let mut forged = bytes.to_vec();
    forged[ENVELOPE_LEN + at..ENVELOPE_LEN + at + with.len()].copy_from_slice(with);
    read(&with_checksum(forged))
}

#[test]
fn a_place_that_no_request_has_is_refused() {
    let bytes = written(Any::Submit(submit(0, vec![request(1, Access::Write, b"")])));
    let access = |access, order| forged(&bytes, 32 + 12, &[access, order]);
    for order in 0..=2 {
        assert!(access(1, order).is_ok(), "a read of order {order}");
        assert_eq!(access(0, order).is_ok(), order == 0, "a write has no order of this kind");
    }
    let refused = Malformed::Value { field: "request order", found: 3 };
    assert_eq!(access(2, 3), Err(refused.into()));
}

#[test]
fn forged_sessions_and_stamps_are_refused() {
    let stamp = Stamp { session: 0x5e55, line: 3, sequence: 80_000, settled: 79_000 };
    let bytes = written(Any::Submit(submit(0, vec![stamped(1, stamp)])));
    assert!(forged(&bytes, 0, &[]).is_ok(), "as it was");
    assert!(forged(&bytes, 12, &[1]).is_err() && forged(&bytes, 24, &[1]).is_err(), "reserved");
    assert!(forged(&bytes, 16, &[0; 8]).is_err(), "stamps of no session");
    let stamp = 32 + 24;
    assert!(forged(&bytes, stamp + 4, &[1]).is_err(), "reserved");
    assert!(forged(&bytes, stamp + 16, &80_001u64.to_le_bytes()).is_err(), "settled before it was sent");
    assert!(forged(&bytes, stamp + 16, &1u64.to_le_bytes()).is_err(), "farther behind than a frame can say");
    let mut unflagged = bytes.to_vec();
    unflagged[10] = 0;
    assert!(read(&with_checksum(unflagged)).is_err(), "a session without stamps");
}

#[test]
fn the_largest_question_and_answer_travel_and_none_larger() {
    let groups: Vec<_> = (1..=GROUPS_MAX as u64).map(GroupId).collect();
    let leader = LeaderHint { address: "a".repeat(ADDRESS_MAX), ..leaders().remove(0) };
    let answer = groups.iter().map(|group| LeaderHint { group: *group, ..leader.clone() }).collect();
    for message in [Any::FindLeaders(FindLeaders(groups)), Any::Leaders(Leaders(answer))] {
        let bytes = written(message.clone());
        assert_eq!(read(&bytes), Ok(Some(message)));
        let mut longer = bytes.to_vec();
        longer[..4].copy_from_slice(&(bytes.len() as u32 + 1).to_le_bytes());
        assert!(envelope::length(&longer[..10], &golden::expected::<Any>()).is_err());
    }
}

#[test]
fn forged_leaders_are_refused_whatever_they_claim() {
    let intact = written(Any::Leaders(Leaders(leaders())));
    let count = |count: u32| {
        let mut counted = intact.to_vec();
        counted[12..16].copy_from_slice(&count.to_le_bytes());
        read(&with_checksum(counted))
    };
    let too_long = |found| Err(Malformed::TooLong { limit: 2, found }.into());
    assert_eq!(count(u32::MAX), too_long(u32::MAX as usize));
    assert_eq!(count(3), too_long(3));
    assert!(count(1).is_err(), "one is left over");
    for length in [0, ADDRESS_MAX as u16 + 1, u16::MAX, 14, 200] {
        assert!(forged(&intact, 24, &length.to_le_bytes()).is_err(), "an address of {length}");
    }
    assert!(forged(&intact, 26, &[1]).is_err(), "reserved");
    assert!(forged(&intact, 32, &[0xff]).is_err(), "no text");
    for field in [0, 8, 16] {
        assert!(forged(&intact, field, &[0; 8]).is_err(), "a zero at {field}");
    }
}

#[test]
fn bodies_point_into_the_receive_buffer() {
    let mut received = all_written().remove(0).1;
    let range = received.as_ptr_range();
    let expected = envelope::Expected { longest: MESSAGE_MAX, ..golden::expected::<Any>() };
    let envelope = envelope::take(&mut received, &expected).unwrap().unwrap();
    let submit = submit::read(&envelope).unwrap();
    assert!(range.contains(&submit.requests[0].call.command.body.as_ptr()));
}

#[test]
fn the_longest_name_and_the_most_partitions_travel() {
    let name = Any::Resolve(Resolve { id: u64::MAX, name: "n".repeat(NAME_MAX) });
    let leader = LeaderHint { address: "a".repeat(ADDRESS_MAX), ..leaders().remove(0) };
    let most = vec![Partition { group: GROUP, leader: Some(leader) }; PARTITIONS_MAX];
    let answer =
        Any::Resolved(Resolved { id: u64::MAX, partitions: Ok(most), schema: vec![7; SCHEMA_MAX].into() });
    for message in [name, answer] {
        assert_eq!(read(&written(message.clone())), Ok(Some(message)));
    }
}

#[test]
fn forged_answers_about_a_name_are_refused() {
    let intact = written(Any::Resolved(resolved(77)));
    assert!(forged(&intact, 8, &[9]).is_err(), "an error with partitions");
    for reserved in [10, 11, 16, 31] {
        assert!(forged(&intact, reserved, &[1]).is_err(), "reserved at {reserved}");
    }
    for wrong_len in [5, 7, 0xff] {
        assert!(forged(&intact, 12, &[wrong_len]).is_err(), "a schema of {wrong_len} bytes");
    }
    assert!(forged(&intact, 12, &[0xff; 4]).is_err(), "a schema that is too long");
    assert!(forged(&intact, 32, &[0; 8]).is_err(), "nobody's group");
    assert!(forged(&intact, 40, &[0; 8]).is_err(), "a leader of no term");
    let failed = written(Any::Resolved(not_open(77)));
    assert!(forged(&failed, 8, &[0]).is_err(), "no error, and no partition");
    let question = written(Any::Resolve(Resolve { id: 77, name: "bank".into() }));
    assert!(forged(&question, 16, &[3]).is_err() && forged(&question, 16, &[5]).is_err(), "another length");
    assert!(forged(&question, 17, &[1]).is_err() && forged(&question, 18, &[1]).is_err(), "reserved");
    assert!(forged(&question, 24, &[0xff]).is_err(), "no text");
}
