//! Every message there and back, against bytes that must decode for ever, and against bytes that must not.

use super::envelope::ENVELOPE_LEN;
use super::hello::{Reply, VERSION, decode_reply};
use super::leaders::{ADDRESS_MAX, GROUPS_MAX};
use super::*;
use crate::codec::access::{Access, Consistency, Place};
use crate::codec::command::Command;
use crate::codec::configuration::Configuration;
use crate::codec::frame::{BODY_MAX, Codec, FRAME_MAX, Header, Kind as FrameKind, RESULT_MAX};
use crate::codec::ids::{MemberId, MethodId};
use crate::codec::terms::{LogId, Span, Spans};
use crate::transport::limits::{HANDSHAKE_MAX, MESSAGE_MAX, MESSAGE_SOFT};
use crate::transport::rope::Batch;
use bytes::Buf;
use consensus::{AppendResult, Message as Raft};

const GROUP: GroupId = GroupId(0x0807_0605_0403_0201);

fn frame(kind: FrameKind, term: Term, index: u64, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let codec = if kind == FrameKind::Command { Codec::Bincode } else { Codec::None };
    Header { codec, ..Header::bare(kind, GROUP, term, index, 1_000_000) }.encode(body, &mut bytes);
    bytes
}

fn write(key_len: u32, body: Bytes) -> Call {
    Call::new(Access::Write, Command { method: MethodId(1), key_len, body })
}

/// What a message is where it arrives.
fn arrived(message: Message) -> Incoming {
    match message {
        Message::Raft { group, message, frames } => {
            let entries = match message {
                Raft::Append { term, prev, .. } => {
                    Entries::read(group, prev, term, frames.concat().into()).unwrap()
                }
                _ => Entries::default(),
            };
            Incoming::Raft { group, message, entries }
        }
        Message::Submit(submit) => Incoming::Submit(submit),
        Message::Results(answers) => Incoming::Results(answers),
        Message::Seek(groups) => Incoming::Seek(groups),
        Message::Leaders(leaders) => Incoming::Leaders(leaders),
        Message::Form(formation) => Incoming::Form(formation),
    }
}

fn raft(message: Raft) -> Message {
    Message::Raft { group: GROUP, message, frames: Vec::new() }
}

fn append() -> Message {
    let configuration = Configuration::of_voters([1, 2, 3].map(MemberId));
    let mut encoded = Vec::new();
    configuration.encode(&mut encoded);
    let packed = [
        frame(FrameKind::Command, 3, 41, b"\x03ada\x64"),
        frame(FrameKind::Noop, 4, 42, b""),
        frame(FrameKind::Configuration, 4, 43, &encoded),
    ]
    .concat();
    let mut spans = Spans::default();
    spans.push(Span { term: 3, first: 41, last: 41 });
    spans.push(Span { term: 4, first: 42, last: 43 });
    let configurations = vec![(43, configuration)];
    let prev = LogId::new(2, 40);
    let message = Raft::Append { term: 5, prev, commit: 39, spans, configurations };
    Message::Raft { group: GROUP, message, frames: vec![packed.into()] }
}

fn formation() -> Formation {
    Formation { cluster: 0xc1, members: vec![(MemberId(1), 0x51), (MemberId(2), 0x52), (MemberId(3), 0x53)] }
}

fn samples() -> Vec<(&'static str, Message)> {
    let request = |id, access, body: &'static [u8]| {
        let (method, key_len) = (MethodId::of("deposit"), body.len().min(2) as u32);
        let command = Command { method, key_len, body: Bytes::from_static(body) };
        Submitted { id, call: Call::new(access, command) }
    };
    let requests = vec![
        request(1, Access::Write, b"\x01a\x64"),
        request(2, Access::Read(Consistency::Strict, Place::Free), b""),
        request(3, Access::Read(Consistency::Lease, Place::Free), b"x"),
        request(4, Access::Read(Consistency::Eventual, Place::Free), b"xyz"),
    ];
    let lined = vec![
        request(5, Access::Read(Consistency::Strict, Place::InLine), b""),
        request(6, Access::Read(Consistency::Eventual, Place::Behind), b"x"),
    ];
    let answers = vec![
        Answered { id: 1, result: Ok(Bytes::from_static(b"\x64")) },
        Answered { id: 2, result: Err(2) },
        Answered { id: 3, result: Ok(Bytes::new()) },
    ];
    let probe = Raft::Append {
        term: 5,
        prev: LogId::new(2, 40),
        commit: 39,
        spans: Spans::default(),
        configurations: Vec::new(),
    };
    let rejected = AppendResult::Rejected { prev: 40, hint: LogId::new(2, 30) };
    vec![
        ("request-vote", raft(asks(false))),
        ("request-pre-vote", raft(asks(true))),
        ("vote", raft(Raft::Vote { term: 5, granted: true, pre: false, campaign: 11 })),
        ("pre-vote-refused", raft(Raft::Vote { term: 5, granted: false, pre: true, campaign: 11 })),
        ("append", append()),
        ("append-probe", raft(probe)),
        (
            "append-accepted",
            raft(Raft::AppendReply { term: 5, result: AppendResult::Accepted { matched: 43 } }),
        ),
        ("append-rejected", raft(Raft::AppendReply { term: 5, result: rejected })),
        ("heartbeat", raft(Raft::Heartbeat { term: 5, commit: 39, round: 7 })),
        ("heartbeat-reply", raft(beaten(41))),
        ("heartbeat-reply-goes-on", raft(beaten(44))),
        ("submit", Message::Submit(Submit { group: GROUP, term: 5, requests })),
        ("results", Message::Results(answers)),
        ("form", Message::Form(formation())),
        ("submit-in-line", Message::Submit(Submit { group: GROUP, term: 5, requests: lined })),
        ("seek", Message::Seek(vec![GROUP, GroupId(9)])),
        ("leaders", Message::Leaders(leaders())),
        ("leaders-unknown", Message::Leaders(Vec::new())),
    ]
}

fn asks(pre: bool) -> Raft {
    Raft::RequestVote { term: 5, last: LogId::new(4, 43), pre, campaign: 11 }
}

fn leaders() -> Vec<Leader> {
    let leader = |group, member, address: &str| Leader { group, term: 5, member, address: address.into() };
    vec![leader(GROUP, MemberId(2), "10.0.0.2:7400"), leader(GroupId(9), MemberId(3), "c.example:1")]
}

fn beaten(last: u64) -> Raft {
    Raft::HeartbeatReply { term: 5, round: 7, accepted: 41, durable: 40, last }
}

fn hellos() -> Vec<(&'static str, Hello)> {
    let role = Role::Member { id: MemberId(1), storage: 0x51, lane: LaneKind::Bulk, election_ms: 250 };
    vec![
        ("hello-member", Hello { version: VERSION, role, cluster: 0xc1, expected: Some(MemberId(2)) }),
        ("hello-client", Hello { version: VERSION, role: Role::Client, cluster: 0, expected: None }),
    ]
}

fn replies() -> Vec<(&'static str, Reply)> {
    let identity = |formation| Identity { member: MemberId(2), storage: 0x52, election_ms: 250, formation };
    vec![
        ("welcome-formed", Ok(identity(Some(formation())))),
        ("welcome-unformed", Ok(identity(None))),
        ("refused", Err(Refusal::WrongCluster)),
        ("refused-timeout", Err(Refusal::WrongTimeout)),
    ]
}

fn written(message: Message) -> BytesMut {
    let (mut rope, mut batch) = (Rope::default(), Batch::default());
    message.encode(&mut rope).unwrap();
    rope.drain_into(&mut batch);
    let mut bytes = BytesMut::new();
    while batch.has_remaining() {
        let length = batch.chunk().len();
        bytes.extend_from_slice(batch.chunk());
        batch.advance(length);
    }
    bytes
}

fn all_written() -> Vec<(&'static str, BytesMut)> {
    let mut all: Vec<_> = samples().into_iter().map(|(name, message)| (name, written(message))).collect();
    for (name, hello) in hellos() {
        let mut bytes = BytesMut::new();
        hello.encode(&mut bytes);
        all.push((name, bytes));
    }
    for (name, reply) in replies() {
        let mut bytes = BytesMut::new();
        match reply {
            Ok(identity) => identity.encode(&mut bytes),
            Err(refusal) => refusal.encode(&mut bytes),
        }
        all.push((name, bytes));
    }
    let mut alive = BytesMut::new();
    encode_alive(&mut alive);
    all.push(("alive", alive));
    all
}

/// Reads one message, whatever it is; `None` if it is not complete.
fn read(bytes: &[u8]) -> Result<Option<Read>, Malformed> {
    let mut received = BytesMut::from(bytes);
    let Some(envelope) = envelope::take(&mut received, MESSAGE_MAX)? else { return Ok(None) };
    assert!(received.is_empty(), "one message at a time");
    Ok(Some(match envelope.kind {
        Kind::Hello => Read::Hello(Hello::decode(&envelope)?),
        Kind::Welcome | Kind::Refused => Read::Reply(decode_reply(&envelope)?),
        _ => Read::Message(Incoming::decode(&envelope)?),
    }))
}

#[derive(Debug, PartialEq)]
enum Read {
    Hello(Result<Hello, u16>),
    Reply(Reply),
    Message(Option<Incoming>),
}

fn golden() -> Vec<(&'static str, Vec<u8>)> {
    let byte = |hex: &[u8]| u8::from_str_radix(std::str::from_utf8(hex).unwrap(), 16).unwrap();
    let line = |line: &'static str| {
        let (name, hex) = line.split_once(' ').unwrap();
        (name, hex.as_bytes().chunks(2).map(byte).collect())
    };
    include_str!("golden.txt").lines().filter(|line| !line.starts_with('#')).map(line).collect()
}

#[test]
fn every_message_is_written_as_it_always_was() {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let now: Vec<_> = all_written().iter().map(|(name, bytes)| format!("{name} {}", hex(bytes))).collect();
    let then: Vec<_> = golden().iter().map(|(name, bytes)| format!("{name} {}", hex(bytes))).collect();
    assert_eq!(now.join("\n"), then.join("\n"));
}

#[test]
fn every_message_reads_back() {
    let mut expected: Vec<_> =
        samples().into_iter().map(|(_, message)| Read::Message(Some(arrived(message)))).collect();
    expected.extend(hellos().into_iter().map(|(_, hello)| Read::Hello(Ok(hello))));
    expected.extend(replies().into_iter().map(|(_, reply)| Read::Reply(reply)));
    expected.push(Read::Message(None));
    for ((name, bytes), expected) in golden().into_iter().zip(expected) {
        assert_eq!(read(&bytes).unwrap(), Some(expected), "{name}");
    }
}

#[test]
fn no_flipped_bit_is_taken_for_a_message() {
    for (name, bytes) in all_written() {
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            // A longer length makes the message incomplete, until the connection ends or goes on.
            assert!(!matches!(read_padded(&damaged), Ok(Some(_))), "{name}, bit {bit}");
        }
    }
}

/// As if more had come behind the message.
fn read_padded(bytes: &[u8]) -> Result<Option<Envelope>, Malformed> {
    let mut received = BytesMut::from(bytes);
    received.resize(bytes.len() + 4_096, 0);
    match envelope::take(&mut received, MESSAGE_MAX)? {
        Some(envelope) if envelope.kind == Kind::Append => {
            Incoming::decode(&envelope).map(|_| Some(envelope))
        }
        other => Ok(other),
    }
}

#[test]
fn a_truncated_message_is_incomplete() {
    for (name, bytes) in all_written() {
        for end in 0..bytes.len() {
            assert_eq!(read(&bytes[..end]), Ok(None), "{name}, cut at {end}");
        }
    }
}

#[test]
fn trailing_and_missing_bytes_inside_the_length_are_refused() {
    for (name, bytes) in all_written() {
        for length in [bytes.len() - 1, bytes.len() + 1, bytes.len() + 24] {
            let mut other = bytes.to_vec();
            other.resize(length, 0);
            assert!(read(&sealed(other)).is_err(), "{name} in {length} bytes");
        }
    }
}

/// Length and checksum written anew, as an attacker would.
fn sealed(mut message: Vec<u8>) -> Vec<u8> {
    envelope::seal(&mut message);
    message
}

#[test]
fn counts_of_nothing_and_groups_of_nobody_are_refused() {
    for (name, bytes) in all_written() {
        let mut counted = bytes.to_vec();
        counted[12] ^= 0x40;
        assert!(read(&sealed(counted)).is_err(), "{name} with another count");
        let mut grouped = bytes.to_vec();
        if grouped[16..24] == [0; 8] {
            grouped[16] = 1;
            assert!(read(&sealed(grouped)).is_err(), "{name} with a group");
        }
    }
}

#[test]
fn forged_fields_under_a_right_checksum_never_panic() {
    let mut random = fastrand::Rng::with_seed(11);
    for (_, bytes) in all_written() {
        for at in 8..bytes.len() {
            for value in [0, 1, 2, 127, 128, 255, random.u8(..)] {
                let mut forged = bytes.to_vec();
                forged[at] = value;
                let _outcome = read(&sealed(forged));
            }
        }
        for _ in 0..500 {
            let mut forged = bytes.to_vec();
            for _ in 0..random.usize(1..12) {
                let at = random.usize(8..forged.len());
                forged[at] = random.u8(..);
            }
            let _outcome = read(&sealed(forged));
        }
    }
}

#[test]
fn random_bytes_never_panic() {
    let mut random = fastrand::Rng::with_seed(12);
    for _ in 0..100_000 {
        let mut bytes = vec![0; random.usize(24..200)];
        random.fill(&mut bytes);
        let _outcome = read_padded(&bytes);
        let kinds = [1, 2, 3, 4, 16, 17, 18, 19, 20, 21, 32, 33, 34, 35, 48];
        bytes[8] = kinds[random.usize(..kinds.len())];
        bytes[9..12].fill(0);
        let _outcome = read(&sealed(bytes));
    }
}

#[test]
fn a_length_is_refused_before_its_bytes_come() {
    let refused = |bytes: &[u8], longest| envelope::length(bytes, longest).is_err();
    assert!(refused(&(MESSAGE_MAX as u32 + 1).to_le_bytes(), MESSAGE_MAX));
    assert!(refused(&u32::MAX.to_le_bytes(), MESSAGE_MAX));
    assert!(refused(&(HANDSHAKE_MAX as u32 + 1).to_le_bytes(), HANDSHAKE_MAX));
    assert!(!refused(&(MESSAGE_MAX as u32).to_le_bytes(), MESSAGE_MAX));
    // A heartbeat has one length only, and the unknown has none.
    let mut heartbeat = written(raft(Raft::Heartbeat { term: 5, commit: 39, round: 7 }));
    heartbeat[..4].copy_from_slice(&(1u32 << 20).to_le_bytes());
    assert!(refused(&heartbeat[..9], MESSAGE_MAX));
    heartbeat[8] = 99;
    assert!(refused(&heartbeat[..9], MESSAGE_MAX));
    // So many groups nobody may ask for, and such an answer nobody may give.
    for (message, most) in [
        (Message::Seek(vec![GROUP]), GROUPS_MAX * 8),
        (Message::Leaders(leaders()), GROUPS_MAX * (32 + ADDRESS_MAX)),
    ] {
        let mut bytes = written(message);
        bytes[..4].copy_from_slice(&((ENVELOPE_LEN + most) as u32).to_le_bytes());
        assert!(!refused(&bytes[..9], MESSAGE_MAX));
        bytes[..4].copy_from_slice(&((ENVELOPE_LEN + most) as u32 + 1).to_le_bytes());
        assert!(refused(&bytes[..9], MESSAGE_MAX));
    }
}

#[test]
fn entries_out_of_place_are_refused() {
    let wrong = [
        ("index", frame(FrameKind::Noop, 3, 42, b"")),
        ("term below the previous entry's", frame(FrameKind::Noop, 1, 41, b"")),
        ("term above the leader's", frame(FrameKind::Noop, 6, 41, b"")),
        ("vote", frame(FrameKind::Vote, 3, 41, b"")),
        ("configuration", frame(FrameKind::Configuration, 3, 41, b"nonsense")),
        ("group", {
            let mut bytes = Vec::new();
            Header::bare(FrameKind::Noop, GroupId(9), 3, 41, 0).encode(b"", &mut bytes);
            bytes
        }),
        ("no frame", vec![0; 80]),
    ];
    for (what, packed) in wrong {
        let Message::Raft { message, .. } = append() else { unreachable!() };
        let message = Message::Raft { group: GROUP, message, frames: vec![packed.into()] };
        assert!(read(&written(message)).is_err(), "{what}");
    }
}

#[test]
fn the_previous_index_may_be_the_largest_number() {
    let Message::Raft { message: Raft::Append { term, commit, .. }, frames, .. } = append() else {
        unreachable!()
    };
    let message = Raft::Append {
        term,
        prev: LogId::new(2, u64::MAX),
        commit,
        spans: Spans::default(),
        configurations: Vec::new(),
    };
    assert!(read(&written(Message::Raft { group: GROUP, message, frames })).is_err());
}

fn read_all(mut bytes: BytesMut) -> Vec<Incoming> {
    let mut all = Vec::new();
    while let Some(envelope) = envelope::take(&mut bytes, MESSAGE_MAX).unwrap() {
        all.extend(Incoming::decode(&envelope).unwrap());
    }
    assert!(bytes.is_empty());
    all
}

#[test]
fn a_long_append_is_cut_into_consecutive_ones() {
    let body = vec![7; 300_000];
    let frames: Vec<Vec<u8>> =
        (1..=20).map(|index| frame(FrameKind::Command, index / 3 + 1, index, &body)).collect();
    // Chunks of one, two and many frames, as the journal hands them out.
    let chunks: Vec<Bytes> =
        [&frames[..1], &frames[1..3], &frames[3..]].map(|packed| packed.concat().into()).into();
    let mut spans = Spans::default();
    (1..=20).for_each(|index| spans.push(Span { term: index / 3 + 1, first: index, last: index }));
    let message = Raft::Append { term: 9, prev: LogId::ZERO, commit: 4, spans, configurations: Vec::new() };
    let sent = Message::Raft { group: GROUP, message, frames: chunks };
    let (mut last, mut arrived) = (LogId::ZERO, Vec::<u8>::new());
    for message in read_all(written(sent)) {
        let Incoming::Raft { message: Raft::Append { term: 9, prev, commit: 4, spans, .. }, entries, .. } =
            message
        else {
            panic!("{message:?}")
        };
        assert_eq!(prev, last);
        last = spans.last().unwrap();
        assert!(entries.len() <= MESSAGE_SOFT);
        arrived.extend(entries.frames());
    }
    assert_eq!(last, LogId::new(7, 20));
    assert_eq!(arrived, frames.concat());
}

#[test]
fn one_entry_of_the_largest_size_travels_alone() {
    let largest = frame(FrameKind::Command, 1, 2, &vec![7; BODY_MAX]);
    assert_eq!(largest.len(), FRAME_MAX);
    let chunks = [frame(FrameKind::Noop, 1, 1, b""), largest].concat();
    let mut spans = Spans::default();
    spans.push(Span { term: 1, first: 1, last: 2 });
    let message = Raft::Append { term: 1, prev: LogId::ZERO, commit: 0, spans, configurations: Vec::new() };
    let sent = Message::Raft { group: GROUP, message, frames: vec![chunks.into()] };
    assert_eq!(read_all(written(sent)).len(), 2);
}

#[test]
fn long_batches_are_cut_and_come_back_whole() {
    let body = Bytes::from(vec![7; 100_000]);
    let results: Vec<_> = (0..50).map(|id| Answered { id, result: Ok(body.clone()) }).collect();
    let request = |id| Submitted { id, call: write(9, body.clone()) };
    let requests: Vec<_> = (0..50).map(request).collect();
    let mut arrived = Vec::new();
    for message in read_all(written(Message::Results(results.clone()))) {
        let Incoming::Results(run) = message else { panic!("{message:?}") };
        arrived.extend(run);
    }
    assert_eq!(arrived, results);
    let mut arrived = Vec::new();
    for message in
        read_all(written(Message::Submit(Submit { group: GROUP, term: 3, requests: requests.clone() })))
    {
        let Incoming::Submit(Submit { group: GROUP, term: 3, requests }) = message else {
            panic!("{message:?}")
        };
        arrived.extend(requests);
    }
    assert_eq!(arrived, requests);
}

#[test]
fn what_the_other_side_would_refuse_is_not_sent() {
    let body = Bytes::from(vec![0; BODY_MAX + 1]);
    let result = Bytes::from(vec![0; RESULT_MAX + 1]);
    let too_long = Message::Results(vec![Answered { id: 1, result: Ok(result) }]);
    let request = |key_len, body| Submitted { id: 1, call: write(key_len, body) };
    let submit = |request| Message::Submit(Submit { group: GROUP, term: 0, requests: vec![request] });
    let strangers = Formation { cluster: 1, members: vec![(MemberId(2), 1), (MemberId(2), 1)] };
    let crowd = Formation { cluster: 1, members: (1..=129).map(|id| (MemberId(id), 1)).collect() };
    let wrong = [
        too_long,
        submit(request(0, body)),
        submit(request(2, Bytes::from_static(b"k"))),
        Message::Form(strangers),
        Message::Form(crowd),
        Message::Seek(Vec::new()),
        Message::Seek(vec![GroupId(0)]),
        Message::Seek(vec![GROUP; GROUPS_MAX + 1]),
        Message::Leaders(vec![leaders().remove(0); GROUPS_MAX + 1]),
        Message::Leaders(vec![Leader { address: String::new(), ..leaders().remove(0) }]),
        Message::Leaders(vec![Leader { address: "a".repeat(ADDRESS_MAX + 1), ..leaders().remove(0) }]),
        Message::Leaders(vec![Leader { member: MemberId(0), ..leaders().remove(0) }]),
        Message::Leaders(vec![Leader { term: 0, ..leaders().remove(0) }]),
        Message::Leaders(vec![Leader { group: GroupId(0), ..leaders().remove(0) }]),
    ];
    for message in wrong {
        let mut rope = Rope::default();
        assert!(message.encode(&mut rope).is_err());
        assert_eq!(rope.len(), 0);
    }
}

#[test]
fn a_place_that_no_request_has_is_refused() {
    let submit = |access, place, rest| {
        let request = Submitted { id: 1, call: write(0, Bytes::new()) };
        let mut bytes =
            written(Message::Submit(Submit { group: GROUP, term: 0, requests: vec![request] })).to_vec();
        bytes[44..48].copy_from_slice(&[access, place, rest, 0]);
        read(&sealed(bytes))
    };
    for place in 0..=2 {
        assert!(submit(1, place, 0).is_ok(), "a read in place {place}");
        assert_eq!(submit(0, place, 0).is_ok(), place == 0, "a write has no place but its own");
        assert!(submit(1, place, 1).is_err(), "reserved");
    }
    let refused = Malformed::Value { field: "request place", found: 3 };
    assert_eq!(submit(2, 3, 0), Err(refused));
}

#[test]
fn the_largest_question_and_answer_travel() {
    let groups: Vec<_> = (1..=GROUPS_MAX as u64).map(GroupId).collect();
    let leader = Leader { address: "a".repeat(ADDRESS_MAX), ..leaders().remove(0) };
    let answer = groups.iter().map(|group| Leader { group: *group, ..leader.clone() }).collect();
    for message in [Message::Seek(groups), Message::Leaders(answer)] {
        assert_eq!(read_all(written(message.clone())), [arrived(message)]);
    }
}

#[test]
fn forged_leaders_are_refused_whatever_they_claim() {
    let entry = ENVELOPE_LEN..;
    let intact = written(Message::Leaders(leaders()));
    let with = |at: usize, bytes: &[u8]| {
        let mut forged = intact.to_vec();
        forged[at..at + bytes.len()].copy_from_slice(bytes);
        read(&sealed(forged))
    };
    assert!(matches!(with(0, &[]), Ok(Some(_))), "as it was");
    let count = |count: u32| with(12, &count.to_le_bytes());
    assert_eq!(count(u32::MAX), Err(Malformed::TooLong { limit: 2, found: u32::MAX as usize }));
    assert_eq!(count(3), Err(Malformed::TooLong { limit: 2, found: 3 }));
    assert!(count(1).is_err(), "one is left over");
    assert!(with(16, &[1]).is_err(), "a group in the envelope");
    for length in [0, ADDRESS_MAX as u16 + 1, u16::MAX, 14, 200] {
        assert!(with(entry.start + 24, &length.to_le_bytes()).is_err(), "an address of {length}");
    }
    assert!(with(entry.start + 26, &[1]).is_err(), "reserved");
    assert!(with(entry.start + 32, &[0xff]).is_err(), "no text");
    for field in [0, 8, 16] {
        assert!(with(entry.start + field, &[0; 8]).is_err(), "a zero at {field}");
    }
}

#[test]
fn bodies_and_frames_point_into_the_receive_buffer() {
    let submit = samples().into_iter().find(|(name, _)| *name == "submit").unwrap().1;
    for message in [append(), submit] {
        let mut received = written(message);
        let range = received.as_ptr_range();
        let envelope = envelope::take(&mut received, MESSAGE_MAX).unwrap().unwrap();
        let slice = match Incoming::decode(&envelope).unwrap().unwrap() {
            Incoming::Raft { entries, .. } => entries.frames().clone(),
            Incoming::Submit(submit) => submit.requests[0].call.command.body.clone(),
            other => panic!("{other:?}"),
        };
        assert!(range.contains(&slice.as_ptr()));
    }
}

#[test]
fn another_version_is_told_apart_whatever_it_says() {
    let mut bytes = BytesMut::new();
    hellos()[0].1.encode(&mut bytes);
    let mut other = bytes.to_vec();
    other[24..26].copy_from_slice(&7u16.to_le_bytes());
    other.resize(200, 0xee);
    assert_eq!(read(&sealed(other)), Ok(Some(Read::Hello(Err(7)))));
}
