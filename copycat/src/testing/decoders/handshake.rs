//! The first message of a connection, on either side of it.

use super::Verdict;
use super::input::Input;
use super::message::seal;
use super::pieces::{Pieces, outcome};
use crate::transport::handshake;
use crate::transport::limits::HANDSHAKE_MAX;
use crate::transport::wire::hello::VERSION;
use crate::transport::wire::{Hello, Role};
use bytes::{Bytes, BytesMut};

/// Opens a connection with somebody who sends these bytes: as the side that is called, then as the one that calls.
pub fn handshake(bytes: &[u8]) -> Verdict {
    let mut input = Input::new(bytes);
    let (choices, seed) = (input.u8(), u64::from(input.u8()));
    let mut sent = input.rest().to_vec();
    if choices & 1 == 1 {
        // What follows the message was sent too early, or is the next message.
        let length = sent.len().saturating_sub(usize::from(choices >> 1));
        seal(&mut sent[..length]);
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
    let hello = Hello { version: VERSION, role: Role::Client, cluster: 0, expected: None };
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

/// Whoever has not said who he is gets no more memory than one handshake takes.
fn check_buffer(received: &BytesMut) {
    assert!(received.capacity() <= HANDSHAKE_MAX, "the buffer of a handshake grew");
}

/// The stream is the message that was read, what was read behind it, and what was not read yet.
fn check_sent(sent: &[u8], message: &[u8], behind: &[u8]) {
    assert!(sent.starts_with(message), "one greeting, one encoding");
    assert!(sent[message.len()..].starts_with(behind), "what follows the greeting is kept");
}
