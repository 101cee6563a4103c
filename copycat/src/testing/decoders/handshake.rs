//! Fuzzes the first message of a connection, on both sides.

use super::Verdict;
use super::input::Input;
use super::message::write_checksums;
use super::pieces::{Pieces, outcome};
use crate::transport::handshake;
use crate::transport::limits::HANDSHAKE_MAX;
use crate::transport::wire::hello::VERSION;
use crate::transport::wire::{CallerKind, Hello};
use bytes::{Bytes, BytesMut};

/// Opens a connection with a peer that sends these bytes: first as the accepting side, then as the calling side.
pub fn handshake(bytes: &[u8]) -> Verdict {
    let mut input = Input::new(bytes);
    let (choices, seed) = (input.u8(), u64::from(input.u8()));
    let mut sent = input.rest().to_vec();
    if choices & 1 == 1 {
        // Bytes after the message were sent too early, or belong to the next message.
        let length = sent.len().saturating_sub(usize::from(choices >> 1));
        write_checksums(&mut sent[..length]);
    }
    let sent = Bytes::from(sent);
    listen(&sent, seed).or(call(&sent, seed))
}

fn listen(sent: &Bytes, seed: u64) -> Verdict {
    let stream = Box::new(Pieces::cut(sent.clone(), seed));
    let Ok((opened, hello)) = outcome(handshake::listen(stream)) else { return Verdict::Refused };
    check_buffer(&opened.received);
    match hello {
        Ok(hello) => {
            let mut again = BytesMut::new();
            hello.encode(&mut again);
            assert_eq!(hello.version, VERSION, "another version is not understood");
            check_sent(sent, &again, &opened.received);
            Verdict::Accepted
        }
        Err(_refusal) => Verdict::Refused,
    }
}

fn call(sent: &Bytes, seed: u64) -> Verdict {
    let hello = Hello { version: VERSION, role: CallerKind::Client, cluster: 0, expected: None };
    let stream = Box::new(Pieces::cut(sent.clone(), seed));
    let mut again = BytesMut::new();
    match outcome(handshake::call(stream, &hello)) {
        Ok(Ok((opened, identity))) => {
            check_buffer(&opened.received);
            identity.encode(&mut again);
            check_sent(sent, &again, &opened.received);
        }
        Ok(Err(refusal)) => {
            refusal.encode(&mut again);
            check_sent(sent, &again, &[]);
        }
        Err(_closed) => return Verdict::Refused,
    }
    Verdict::Accepted
}

/// Checks that an unidentified peer gets no more memory than one handshake takes.
fn check_buffer(received: &BytesMut) {
    assert!(received.capacity() <= HANDSHAKE_MAX, "the buffer of a handshake grew");
}

/// Checks that the stream is the message, then the bytes read after it, then the bytes not read yet.
fn check_sent(sent: &[u8], message: &[u8], behind: &[u8]) {
    assert!(sent.starts_with(message), "one greeting, one encoding");
    assert!(sent[message.len()..].starts_with(behind), "what follows the greeting is kept");
}
