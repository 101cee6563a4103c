//! Every message of consensus, encoded and decoded: bytes that every later version must decode, and bytes that none
//! may.

use super::*;
use crate::codec::configuration::Configuration;
use crate::codec::frame::{BODY_MAX, Codec, FRAME_MAX, Header, Kind as FrameKind};
use crate::codec::ids::{MemberId, Term};
use crate::codec::terms::{LogId, Span, Spans};
use crate::transport::limits::{BOOTSTRAP_MAX, ENVELOPE_LEN, MESSAGE_MAX, MESSAGE_SOFT};
use crate::transport::wire::envelope;
use crate::transport::wire::golden::{self, Named, Samples, read_one};
use crate::transport::wire::unreadable::Unreadable;
use crate::transport::wire::{into_bytes, read_all};
use bytes::BytesMut;
use heartbeats::{Agreements, DISK_FREE_UNKNOWN, HEARTBEATS_MAX};
use raft::message::{AppendResult, Message as Raft};

const GOLDEN: &str = include_str!("golden.txt");
const GROUP: GroupId = GroupId(0x0807_0605_0403_0201);

fn frame(kind: FrameKind, term: Term, index: u64, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let codec = if kind == FrameKind::Command { Codec::Bincode } else { Codec::None };
    Header { codec, ..Header::bare(kind, GROUP, term, index, 1_000_000) }.encode(body, &mut bytes);
    bytes
}

fn plain(message: Raft) -> Message {
    Message::plain(GROUP, message)
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
    let message = Raft::Append { term: 5, prev: LogId::new(2, 40), commit: 39, spans, configurations };
    Message::Raft { group: GROUP, message, frames: vec![packed.into()], prev_checksum: 0xc0ffee }
}

fn record(group: u64, round: u64, urgent: bool, note: u64) -> HeartbeatRecord {
    HeartbeatRecord {
        group: GroupId(group),
        message: Raft::Heartbeat { term: 5, commit: 39, round, urgent, quiet: false },
        extra: note,
    }
}

fn reply(group: u64, last: u64, note: u64) -> HeartbeatRecord {
    let message = Raft::HeartbeatReply { term: 5, round: 7, verified: 41, durable: 40, last, quiet: false };
    HeartbeatRecord { group: GroupId(group), message, extra: note }
}

/// Returns the same heartbeat or answer, for a group that becomes quiet.
fn quieted(mut record: HeartbeatRecord) -> HeartbeatRecord {
    let (Raft::Heartbeat { quiet, .. } | Raft::HeartbeatReply { quiet, .. }) = &mut record.message else {
        panic!("{record:?}")
    };
    *quiet = true;
    record
}

fn heartbeats(asks: bool, records: Vec<HeartbeatRecord>) -> Message {
    let disk_free = if asks { DISK_FREE_UNKNOWN } else { 1 << 30 };
    let head = HeartbeatHead { asks, agreements: Agreements { own: 0x0e, other: 0x07 }, disk_free };
    Message::Heartbeats(HeartbeatBatch { head, records })
}

fn bootstrap_record() -> BootstrapRecord {
    BootstrapRecord {
        cluster: 0xc1,
        members: vec![(MemberId(1), 0x51), (MemberId(2), 0x52), (MemberId(3), 0x53)],
    }
}

fn announcement() -> Announcement {
    Announcement { resource: "bank".into(), partitions: 4, schema: Bytes::from_static(b"shapes") }
}

fn samples() -> Samples<Message> {
    let (prev, spans, configurations) = (LogId::new(2, 40), Spans::default(), Vec::new());
    let probe = Raft::Append { term: 5, prev, commit: 39, spans, configurations };
    let rejected = AppendResult::Rejected { prev: 40, hint: LogId::new(2, 30) };
    let verified = AppendResult::Accepted { matched: 43 };
    let last = LogId::new(4, 43);
    let records = vec![record(1, 7, false, 0), record(2, 8, false, 1_000_000)];
    let replies = vec![reply(1, 41, 0), reply(2, 44, 0xf1_4e)];
    vec![
        ("request-vote", plain(Raft::RequestVote { term: 5, last, pre: false, campaign: 11 })),
        ("request-pre-vote", plain(Raft::RequestVote { term: 5, last, pre: true, campaign: 11 })),
        ("vote", plain(Raft::Vote { term: 5, granted: true, pre: false, campaign: 11 })),
        ("pre-vote-refused", plain(Raft::Vote { term: 5, granted: false, pre: true, campaign: 11 })),
        ("append", append()),
        ("append-probe", plain(probe)),
        ("append-verified", plain(Raft::AppendReply { term: 5, result: verified })),
        ("append-rejected", plain(Raft::AppendReply { term: 5, result: rejected })),
        ("heartbeats", heartbeats(true, records)),
        ("heartbeats-urgent", heartbeats(true, vec![record(1, 7, true, 0)])),
        ("heartbeats-quiet", heartbeats(true, vec![quieted(record(1, 7, false, 0))])),
        ("heartbeats-of-no-group", heartbeats(true, Vec::new())),
        ("heartbeat-replies", heartbeats(false, replies)),
        ("heartbeat-replies-quiet", heartbeats(false, vec![quieted(reply(1, 41, 0))])),
        ("heartbeat-replies-of-no-group", heartbeats(false, Vec::new())),
        ("bootstrap", Message::Bootstrap(bootstrap_record())),
        ("announcement", Message::Announcement(announcement())),
    ]
}

/// Returns the message that the receiver gets.
fn arrived(message: Incoming) -> Message {
    match message {
        Incoming::Raft { group, message, entries, prev_checksum } => {
            let frames = if entries.is_empty() { Vec::new() } else { vec![entries.frames().clone()] };
            Message::Raft { group, message, frames, prev_checksum }
        }
        Incoming::Heartbeats(records) => Message::Heartbeats(records.into()),
        Incoming::Bootstrap(bootstrap_record) => Message::Bootstrap(bootstrap_record),
        Incoming::Announcement(announcement) => Message::Announcement(announcement),
        other => panic!("another family's: {other:?}"),
    }
}

fn written(message: Message) -> BytesMut {
    into_bytes(message).unwrap()
}

fn all_written() -> Vec<Named> {
    golden::written(samples(), written)
}

fn read(bytes: &[u8]) -> Result<Option<Message>, Unreadable> {
    // Forged kinds of other families are read, too, and have no effect here.
    Ok(read_one::<Incoming>(bytes)?.filter(|read| !matches!(read, Incoming::Submit(_))).map(arrived))
}

fn all_read(bytes: BytesMut) -> Vec<Message> {
    read_all(bytes.freeze()).unwrap().into_iter().map(arrived).collect()
}

fn with_checksum(bytes: Vec<u8>) -> Vec<u8> {
    golden::with_checksum(bytes, &golden::expected::<Incoming>())
}

#[test]
fn every_message_is_written_as_it_always_was_and_reads_back() {
    golden::check(GOLDEN, samples(), written, &read);
}

#[test]
fn no_damage_and_no_forgery_makes_a_message() {
    let read = |bytes: &[u8]| read_one::<Incoming>(bytes);
    golden::try_hard(&all_written(), &golden::expected::<Incoming>(), &read);
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
        let Message::Raft { message, prev_checksum, .. } = append() else { unreachable!() };
        let frames = vec![packed.into()];
        assert!(
            read(&written(Message::Raft { group: GROUP, message, frames, prev_checksum })).is_err(),
            "{what}"
        );
    }
}

#[test]
fn the_previous_index_may_be_the_largest_number() {
    let Message::Raft { message: Raft::Append { term, commit, .. }, frames, .. } = append() else {
        unreachable!()
    };
    let (prev, spans, configurations) = (LogId::new(2, u64::MAX), Spans::default(), Vec::new());
    let message = Raft::Append { term, prev, commit, spans, configurations };
    assert!(read(&written(Message::Raft { group: GROUP, message, frames, prev_checksum: 0 })).is_err());
}

#[test]
fn a_long_append_is_cut_into_consecutive_ones() {
    let body = vec![7; 300_000];
    let frames: Vec<Vec<u8>> =
        (1..=20).map(|index| frame(FrameKind::Command, index / 3 + 1, index, &body)).collect();
    let checksums: Vec<_> =
        frames.iter().map(|frame| u32::from_le_bytes(*frame[4..].first_chunk().unwrap())).collect();
    // Chunks of one, two and many frames, as the journal returns them.
    let chunks: Vec<Bytes> =
        [&frames[..1], &frames[1..3], &frames[3..]].map(|packed| packed.concat().into()).into();
    let mut spans = Spans::default();
    (1..=20).for_each(|index| spans.push(Span { term: index / 3 + 1, first: index, last: index }));
    let message = Raft::Append { term: 9, prev: LogId::ZERO, commit: 4, spans, configurations: Vec::new() };
    let sent = Message::Raft { group: GROUP, message, frames: chunks, prev_checksum: 77 };
    let (mut last, mut checksum, mut bytes) = (LogId::ZERO, 77, Vec::<u8>::new());
    for message in all_read(written(sent)) {
        let Message::Raft { message, frames, prev_checksum, .. } = message else { panic!("{message:?}") };
        let Raft::Append { term: 9, prev, commit: 4, spans, .. } = message else { panic!("{message:?}") };
        assert_eq!((prev, prev_checksum), (last, checksum), "each names the frame before its first");
        last = spans.last().unwrap();
        checksum = checksums[last.index as usize - 1];
        assert!(frames.iter().map(Bytes::len).sum::<usize>() <= MESSAGE_SOFT);
        bytes.extend(frames.concat());
    }
    assert_eq!(last, LogId::new(7, 20));
    assert_eq!(bytes, frames.concat());
}

#[test]
fn one_entry_of_the_largest_size_travels_alone() {
    let largest = frame(FrameKind::Command, 1, 2, &vec![7; BODY_MAX]);
    assert_eq!(largest.len(), FRAME_MAX);
    let chunks = [frame(FrameKind::Noop, 1, 1, b""), largest].concat();
    let mut spans = Spans::default();
    spans.push(Span { term: 1, first: 1, last: 2 });
    let message = Raft::Append { term: 1, prev: LogId::ZERO, commit: 0, spans, configurations: Vec::new() };
    let sent = Message::Raft { group: GROUP, message, frames: vec![chunks.into()], prev_checksum: 0 };
    assert_eq!(all_read(written(sent)).len(), 2);
}

#[test]
fn one_heartbeat_alone_is_a_message_of_one_that_says_nothing_of_other_groups() {
    for record in [record(3, 9, false, 0), reply(3, 44, 0)] {
        let alone = written(Message::plain(record.group, record.message.clone()));
        let batch = HeartbeatBatch { head: HeartbeatHead::NONE, records: vec![record] };
        assert_eq!(alone, written(Message::Heartbeats(batch)));
    }
}

#[test]
fn many_heartbeats_and_answers_travel_together_and_too_many_in_several() {
    let count = 2 * HEARTBEATS_MAX as u64 + 5;
    let both = |group| match group % 5 {
        0 => reply(group, 41 + group, group),
        1 => quieted(reply(group, 41 + group, group)),
        2 => quieted(record(group, group, false, 0)),
        more => record(group, group, more == 3, 0),
    };
    let sent: Vec<HeartbeatRecord> = (1..=count).map(both).collect();
    let mut arrived = Vec::new();
    for message in all_read(written(heartbeats(true, sent.clone()))) {
        let Message::Heartbeats(HeartbeatBatch { head, records }) = message else { panic!("{message:?}") };
        let replies = matches!(records[0].message, Raft::HeartbeatReply { .. });
        assert_eq!((head.asks, head.agreements), (!replies, Agreements { own: 0x0e, other: 0x07 }));
        assert!(records.len() <= HEARTBEATS_MAX);
        arrived.extend(records);
    }
    let message = |record: &HeartbeatRecord| match record.message {
        Raft::Heartbeat { urgent, quiet, .. } => (0, urgent, !quiet),
        Raft::HeartbeatReply { quiet, .. } => (1, false, quiet),
        _ => panic!("{record:?}"),
    };
    assert!(arrived.is_sorted_by_key(|record| (message(record), record.group)), "in their order");
    arrived.sort_by_key(|record| record.group);
    assert_eq!(arrived, sent);
}

#[test]
fn member_heartbeats_go_without_any_group() {
    for asks in [true, false] {
        let sent = heartbeats(asks, Vec::new());
        assert_eq!(all_read(written(sent.clone())), [sent]);
    }
    // Nothing could be urgent or become quiet.
    for number in [1, 2, 3] {
        let mut forged = written(heartbeats(true, Vec::new())).to_vec();
        forged[ENVELOPE_LEN] = number;
        assert!(read(&with_checksum(forged)).is_err());
    }
}

#[test]
fn a_heartbeat_of_nobody_and_a_log_that_ends_before_it_agrees_are_refused() {
    let nobody = heartbeats(true, vec![record(1, 1, false, 0), record(0, 1, false, 0)]);
    assert!(read(&written(nobody)).is_err());
    assert!(read(&written(Message::plain(GROUP, reply(1, 40, 0).message))).is_err());
    let both_urgent_and_quiet = 3;
    for number in [both_urgent_and_quiet, 4] {
        let mut forged = written(plain(record(1, 1, false, 0).message)).to_vec();
        forged[ENVELOPE_LEN] = number;
        assert!(read(&with_checksum(forged)).is_err());
    }
}

#[test]
fn more_heartbeats_than_a_message_holds_are_refused_by_their_length() {
    let mut bytes = written(plain(record(1, 1, false, 0).message));
    let expected = golden::expected::<Incoming>();
    let longest = ENVELOPE_LEN + 32 + 40 * HEARTBEATS_MAX;
    bytes[..4].copy_from_slice(&(longest as u32).to_le_bytes());
    assert_eq!(envelope::length(&bytes[..10], &expected), Ok(longest));
    bytes[..4].copy_from_slice(&(longest as u32 + 1).to_le_bytes());
    assert!(envelope::length(&bytes[..10], &expected).is_err());
}

#[test]
fn announcements_of_nothing_and_of_too_much_are_neither_sent_nor_read() {
    let (nameless, empty) = (
        Announcement { resource: String::new(), ..announcement() },
        Announcement { partitions: 0, ..announcement() },
    );
    let crowd = Announcement { partitions: 1_025, ..announcement() };
    let long = Announcement { resource: "x".repeat(256), ..announcement() };
    for wrong in [nameless, empty, crowd, long] {
        let mut out = WriteBuffer::default();
        assert!(Message::Announcement(wrong).encode(&mut out).is_err());
        assert_eq!(out.len(), 0);
    }
    // Partitions, length of the schema, length of the name, a byte that is no text.
    for (at, value) in [(24, 0), (28, 7), (32, 5), (32, 0), (35, 1), (40, 0xff)] {
        let mut forged = written(Message::Announcement(announcement())).to_vec();
        forged[at] = value;
        assert!(read(&with_checksum(forged)).is_err(), "{at}");
    }
}

#[test]
fn bootstrap_records_that_are_none_are_neither_sent_nor_read() {
    let crowd: Vec<_> = (1..=129).map(|id| (MemberId(id), 1)).collect();
    for members in [vec![(MemberId(2), 1), (MemberId(2), 1)], crowd.clone(), vec![], vec![(MemberId(0), 1)]] {
        let mut out = WriteBuffer::default();
        assert!(
            Message::Bootstrap(BootstrapRecord { cluster: 1, members: members.clone() })
                .encode(&mut out)
                .is_err()
        );
        assert_eq!(out.len(), 0);
        let bootstrap = BootstrapRecord { cluster: 1, members }.to_bootstrap();
        assert!(BootstrapRecord::from_bootstrap(1, &bootstrap).is_err());
    }
    let largest = BootstrapRecord { cluster: 1, members: crowd[..128].to_vec() };
    let bootstrap = largest.to_bootstrap();
    assert!(bootstrap.len() <= BOOTSTRAP_MAX);
    assert_eq!(BootstrapRecord::from_bootstrap(1, &bootstrap), Ok(largest));
    assert!(BootstrapRecord::from_bootstrap(1, &bootstrap[1..]).is_err(), "something is left over");
    assert!(BootstrapRecord::from_bootstrap(0, &bootstrap).is_err());
}

#[test]
fn frames_point_into_the_receive_buffer() {
    let mut received = written(append());
    let range = received.as_ptr_range();
    let expected = envelope::Expected { longest: MESSAGE_MAX, ..golden::expected::<Incoming>() };
    let envelope = envelope::take(&mut received, &expected).unwrap().unwrap();
    let Incoming::Raft { entries, .. } = wire::Incoming::read(&envelope).unwrap() else { unreachable!() };
    assert!(range.contains(&entries.frames().as_ptr()));
}
