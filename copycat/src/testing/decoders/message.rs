//! Fuzzes one message of the wire, of any kind.

use super::Verdict;
use crate::codec::cursor::Malformed;
use crate::codec::forge::write_frame_checksums;
use crate::codec::shape::schema::Schema;
use crate::node::wire::append::{APPEND, HEAD_LEN};
use crate::transport::limits::{ENVELOPE_LEN, MESSAGE_MAX};
use crate::transport::wire::envelope::{self, Envelope, Expected};
use crate::transport::wire::family::{Family, SenderKinds};
use crate::transport::wire::hello::{HANDSHAKE, decode_reply, encode_alive};
use crate::transport::wire::{Hello, Incoming, into_bytes};
use crate::{node, remote};
use bytes::BytesMut;

/// The messages that a member accepts, from any sender.
const MEMBER: Expected = Expected {
    kinds: <node::wire::Incoming as Incoming>::KINDS,
    sender: SenderKinds::UNCHECKED,
    longest: MESSAGE_MAX,
};
/// The messages that a remote handle accepts, from any sender.
const HANDLE: Expected = Expected { kinds: <remote::wire::Incoming as Incoming>::KINDS, ..MEMBER };

/// Reads one message.
pub fn message(bytes: &[u8]) -> Verdict {
    let mut intact = bytes.to_vec();
    write_checksums(&mut intact);
    one(bytes).or(one(&intact))
}

/// Makes the bytes one message, down to the frames of an append. Leaves bytes shorter than an envelope unchanged.
pub(super) fn write_checksums(message: &mut [u8]) {
    if message.len() < ENVELOPE_LEN {
        return;
    }
    let is_append = message[8..10] == [APPEND.number, APPEND.family as u8];
    if is_append && message.len() > ENVELOPE_LEN + HEAD_LEN {
        write_frame_checksums(&mut message[ENVELOPE_LEN + HEAD_LEN..]);
    }
    envelope::write_checksum(message, &MEMBER);
}

fn one(bytes: &[u8]) -> Verdict {
    let handshake = read(bytes, &HANDSHAKE, greeting);
    let member = read(bytes, &MEMBER, |envelope| again::<node::wire::Incoming>(envelope, resend));
    let handle = read(bytes, &HANDLE, |envelope| again::<remote::wire::Incoming>(envelope, resend_to_handle));
    handshake.or(member).or(handle)
}

/// Reads a message and checks that it is written again as the same bytes.
fn read(bytes: &[u8], expected: &Expected, again: impl FnOnce(&Envelope) -> Option<BytesMut>) -> Verdict {
    let mut received = BytesMut::from(bytes);
    let Ok(Some(envelope)) = envelope::take(&mut received, expected) else { return Verdict::Refused };
    let taken = &bytes[..bytes.len() - received.len()];
    assert_eq!(envelope.body, taken[ENVELOPE_LEN..], "a message is where it was found");
    match again(&envelope) {
        Some(again) => {
            assert_eq!(again, taken, "one message, one encoding");
            Verdict::Accepted
        }
        None => Verdict::Refused,
    }
}

/// Writes the first message of a connection again; `None` if it is refused.
fn greeting(envelope: &Envelope) -> Option<BytesMut> {
    let mut out = BytesMut::new();
    if let Ok(hello) = Hello::decode(envelope) {
        // Nothing more is known of another version.
        hello.ok()?.encode(&mut out);
        return Some(out);
    }
    match decode_reply(envelope).ok()? {
        Ok(identity) => identity.encode(&mut out),
        Err(refusal) => refusal.encode(&mut out),
    }
    Some(out)
}

/// Writes any other message again with `resend`; `None` if it is refused.
fn again<I: Incoming>(envelope: &Envelope, resend: fn(I) -> Result<BytesMut, Malformed>) -> Option<BytesMut> {
    if envelope.kind.family == Family::Connection {
        let mut out = BytesMut::new();
        encode_alive(&mut out);
        return (envelope.count == 0 && envelope.group.0 == 0 && envelope.body.is_empty()).then_some(out);
    }
    let incoming = I::read(envelope).ok()?;
    match resend(incoming) {
        Ok(bytes) => Some(bytes),
        Err(error) => panic!("what was read cannot be sent: {error}"),
    }
}

fn resend(incoming: node::wire::Incoming) -> Result<BytesMut, Malformed> {
    use crate::node::wire::{Incoming as In, Message};
    use crate::request::wire::leaders::FindLeaders;
    use crate::request::wire::results::Results;
    match incoming {
        In::Raft { group, message, entries, prev_checksum } => {
            let frames = if entries.is_empty() { Vec::new() } else { vec![entries.frames().clone()] };
            into_bytes(Message::Raft { group, message, frames, prev_checksum })
        }
        In::Heartbeats(records) => into_bytes(Message::Heartbeats(records.into())),
        In::Submit(submit) => into_bytes(submit),
        In::Results(answers) => into_bytes(Results(answers)),
        In::FindLeaders(groups) => into_bytes(FindLeaders(groups)),
        In::Resolve(resolve) => into_bytes(resolve),
        In::Stream(message) => into_bytes(message),
        In::Bootstrap(record) => into_bytes(Message::Bootstrap(record)),
        In::Announcement(announcement) => {
            check_schema(&announcement.schema);
            into_bytes(Message::Announcement(announcement))
        }
    }
}

/// Reads a schema that is not read with its message. Whatever it says, it agrees with itself.
fn check_schema(bytes: &[u8]) {
    if let Ok(schema) = Schema::decode(bytes) {
        assert_eq!(schema.encode().expect("it fits"), bytes, "one encoding");
        assert_eq!(schema.differences(&schema), []);
        assert!(!schema.to_string().is_empty());
    }
}

fn resend_to_handle(incoming: remote::wire::Incoming) -> Result<BytesMut, Malformed> {
    use crate::remote::wire::Incoming as In;
    use crate::request::wire::leaders::Leaders;
    use crate::request::wire::results::Results;
    match incoming {
        In::Results(answers) => into_bytes(Results(answers)),
        In::Leaders(leaders) => into_bytes(Leaders(leaders)),
        In::Resolved(resolved) => {
            check_schema(&resolved.schema);
            into_bytes(resolved)
        }
        In::Stream(message) => into_bytes(message),
    }
}
