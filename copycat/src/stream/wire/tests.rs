//! Tests of every message of the family in both directions, against golden bytes that must stay readable, and
//! against bytes that must not be read.

use super::*;
use crate::transport::limits::ENVELOPE_LEN;
use crate::transport::wire::family::Family;
use crate::transport::wire::golden::{self, Named, Samples, read_one};
use crate::transport::wire::registry::Registry;
use crate::transport::wire::unreadable::Unreadable;
use crate::transport::wire::{Incoming, Outgoing, into_bytes};
use crate::transport::write_buffer::WriteBuffer;
use bytes::{Bytes, BytesMut};

const GOLDEN: &str = include_str!("golden.txt");

/// Messages of both ends.
#[derive(Clone, Debug, PartialEq)]
enum Any {
    ToServer(ToServer),
    ToReader(ToReader),
}

impl Incoming for Any {
    const KINDS: &'static Registry = &Registry::of(&[KINDS]);

    fn read(envelope: &Envelope) -> Result<Any, Malformed> {
        assert_eq!(envelope.kind.family, Family::Streams);
        match envelope.kind.number {
            OPEN | CREDIT | CANCEL => read_to_server(envelope).map(Any::ToServer),
            _ => read_to_reader(envelope).map(Any::ToReader),
        }
    }
}

fn written(message: Any) -> BytesMut {
    match message {
        Any::ToServer(message) => into_bytes(message),
        Any::ToReader(message) => into_bytes(message),
    }
    .unwrap()
}

fn read(bytes: &[u8]) -> Result<Option<Any>, Unreadable> {
    read_one(bytes)
}

fn open(subject: &'static [u8]) -> Open {
    Open { stream: 7, topic: 1, subject: Bytes::from_static(subject), position: 40, credit: 64 }
}

fn item(position: u64, body: &'static [u8]) -> Item {
    Item { position, body: Bytes::from_static(body) }
}

fn samples() -> Samples<Any> {
    let items = vec![item(41, b"first"), item(44, b""), item(u64::MAX, b"last")];
    vec![
        ("open", Any::ToServer(ToServer::Open(open(b"bank")))),
        ("open-of-nothing", Any::ToServer(ToServer::Open(open(b"")))),
        ("items", Any::ToReader(ToReader::Items { stream: 7, items })),
        ("credit", Any::ToServer(ToServer::Credit { stream: 7, items: 1 << 63 })),
        ("end", Any::ToReader(ToReader::End { stream: 7, reason: EndReason::UnknownTopic, position: 40 })),
        ("cancel", Any::ToServer(ToServer::Cancel { stream: 7 })),
        ("missed", Any::ToReader(ToReader::Missed { stream: 7, position: 90 })),
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
fn what_the_other_side_would_refuse_is_not_sent() {
    fn refused(message: impl Outgoing) {
        let mut out = WriteBuffer::default();
        assert!(message.encode(&mut out).is_err());
        assert_eq!(out.len(), 0);
    }
    let items = |items| ToReader::Items { stream: 7, items };
    let long = |length: usize, count| {
        (1..=count).map(|position| Item { position, body: vec![0; length].into() }).collect()
    };
    refused(ToServer::Open(Open { stream: 0, ..open(b"bank") }));
    refused(ToServer::Open(Open { subject: vec![0; SUBJECT_MAX + 1].into(), ..open(b"") }));
    refused(ToServer::Credit { stream: 0, items: 1 });
    refused(ToServer::Credit { stream: 1, items: 0 });
    refused(ToServer::Cancel { stream: 0 });
    refused(items(Vec::new()));
    refused(items(vec![item(0, b"")]));
    refused(items(vec![item(2, b""), item(2, b"")]));
    refused(items(long(ITEM_MAX + 1, 1)));
    refused(items(long(ITEM_MAX, 128)));
    assert!(into_bytes(items(long(ITEM_MAX, 127))).is_ok());
}

#[test]
fn forged_fields_are_refused() {
    let forged = |name: &str, at: usize, with: &[u8]| {
        let (_, bytes) = all_written().into_iter().find(|(known, _)| *known == name).unwrap();
        let mut forged = bytes.to_vec();
        forged[ENVELOPE_LEN + at..ENVELOPE_LEN + at + with.len()].copy_from_slice(with);
        read(&golden::with_checksum(forged, &golden::expected::<Any>()))
    };
    for (name, _) in samples() {
        assert!(forged(name, 0, &[0; 8]).is_err(), "{name} of no stream");
    }
    assert!(forged("open", 12, &[1]).is_err() && forged("open", 32, &[1]).is_err(), "reserved");
    assert!(forged("open", 10, &[5]).is_err() && forged("open", 10, &[3]).is_err(), "another length");
    assert!(forged("credit", 8, &[0; 8]).is_err(), "credit of nothing");
    assert!(forged("cancel", 8, &[1]).is_err(), "reserved");
    assert!(forged("items", 8, &[1]).is_err() && forged("items", 16 + 12, &[1]).is_err(), "reserved");
    assert!(forged("items", 16, &44u64.to_le_bytes()).is_err(), "positions grow");
    assert!(forged("items", 16 + 8, &u32::MAX.to_le_bytes()).is_err(), "longer than all there is");
    for reason in [0u16, 6, u16::MAX] {
        assert!(forged("end", 8, &reason.to_le_bytes()).is_err(), "reason {reason}");
    }
    assert!(forged("end", 10, &[1]).is_err(), "reserved");
}
