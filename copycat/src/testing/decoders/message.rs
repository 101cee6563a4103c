//! One message of the wire, whatever its kind.

use super::Verdict;
use crate::codec::seal::seal_frames;
use crate::transport::limits::MESSAGE_MAX;
use crate::transport::wire::envelope::{self, APPEND_LEN, ENVELOPE_LEN, Envelope, Kind};
use crate::transport::wire::{Hello, Incoming, Message, encode_alive, hello};
use bytes::BytesMut;

/// Reads one message.
pub fn message(bytes: &[u8]) -> Verdict {
    let mut sealed = bytes.to_vec();
    seal(&mut sealed);
    one(bytes).or(one(&sealed))
}

/// Makes the bytes one message, down to the frames of an append. Too few for an envelope stay as they are.
pub(super) fn seal(message: &mut [u8]) {
    if message.len() < ENVELOPE_LEN {
        return;
    }
    if message[8] == Kind::Append as u8 && message.len() > ENVELOPE_LEN + APPEND_LEN {
        seal_frames(&mut message[ENVELOPE_LEN + APPEND_LEN..]);
    }
    envelope::seal(message);
}

fn one(bytes: &[u8]) -> Verdict {
    let mut received = BytesMut::from(bytes);
    let Ok(Some(envelope)) = envelope::take(&mut received, MESSAGE_MAX) else { return Verdict::Refused };
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

/// What was read, written again; `None` if it is refused.
fn again(envelope: &Envelope) -> Option<BytesMut> {
    let mut out = BytesMut::new();
    match envelope.kind {
        Kind::Hello => match Hello::decode(envelope).ok()? {
            Ok(hello) => hello.encode(&mut out),
            // Of another version, of which nothing else is known.
            Err(_version) => return None,
        },
        Kind::Welcome | Kind::Refused => match hello::decode_reply(envelope).ok()? {
            Ok(identity) => identity.encode(&mut out),
            Err(refusal) => refusal.encode(&mut out),
        },
        _ => match Incoming::decode(envelope).ok()? {
            Some(incoming) => match Message::from(incoming).into_bytes() {
                Ok(bytes) => out.extend_from_slice(&bytes),
                Err(error) => panic!("what was read cannot be sent: {error}"),
            },
            None => encode_alive(&mut out),
        },
    }
    Some(out)
}
