//! Fuzzes the messages of an open connection.

use super::Verdict;
use super::input::Input;
use super::message::write_checksums;
use super::pieces::{Pieces, outcome};
use crate::codec::ids::MemberId;
use crate::transport::closed::Closed;
use crate::transport::connection::read_alone;
use crate::transport::event::{Event, Source};
use crate::transport::limits::ENVELOPE_LEN;
use crate::transport::queue::Overflow;
use crate::transport::send_queue::send_queue;
use crate::transport::wire::{Incoming, Priority};
use crate::{node, remote};
use bytes::Bytes;
use tokio::sync::mpsc;

/// Reads a connection to its end, at once and in pieces, and checks that both give the same.
pub fn stream(bytes: &[u8]) -> Verdict {
    let mut input = Input::new(bytes);
    let (choices, seed) = (input.u8(), u64::from(input.u8()));
    let mut sent = input.rest().to_vec();
    if choices & 4 != 0 {
        write_all_checksums(&mut sent);
    }
    let sent = Bytes::from(sent);
    // Messages of a server reach a member on its bulk connection, and a remote handle.
    match choices & 3 {
        3 if choices & 8 != 0 => both::<remote::wire::Incoming>(sent, seed, choices),
        _ => both::<node::wire::Incoming>(sent, seed, choices),
    }
}

fn both<I: Incoming + PartialEq>(sent: Bytes, seed: u64, choices: u8) -> Verdict {
    let (messages, closed) = read::<I>(Pieces::whole(sent.clone()), choices);
    let verified = !messages.is_empty();
    let cut = read::<I>(Pieces::cut(sent, seed), choices);
    assert!(cut == (messages, closed), "how the network cuts a stream means nothing");
    Verdict::of(verified)
}

/// Writes the checksums, message by message, as far as their lengths fit. The last one may be incomplete.
fn write_all_checksums(mut rest: &mut [u8]) {
    while rest.len() >= ENVELOPE_LEN {
        let claimed = u32::from_le_bytes([rest[0], rest[1], rest[2], rest[3]]) as usize;
        if !(ENVELOPE_LEN..=rest.len()).contains(&claimed) {
            return;
        }
        let (message, behind) = rest.split_at_mut(claimed);
        write_checksums(message);
        rest = behind;
    }
}

fn read<I: Incoming>(pieces: Pieces, choices: u8) -> (Vec<I>, Closed) {
    // Nothing is taken from the queue while the stream is read, so it has space for each message alone.
    let (inbox, mut events) = mpsc::channel(pieces.len() / ENVELOPE_LEN + 1);
    let closed = outcome(read_alone(Box::new(pieces), source(choices), inbox));
    let mut messages = Vec::new();
    while let Ok(event) = events.try_recv() {
        let Event::Received { messages: more, .. } = event else { panic!("a stream says nothing else") };
        assert!(!more.is_empty(), "nobody is woken for nothing");
        messages.extend(more);
    }
    (messages, closed)
}

/// Returns the peer at the other end, which decides the messages that it may send.
fn source(choices: u8) -> Source {
    let (id, replies) = (MemberId(2), send_queue(0, Overflow::Refuse).0);
    match choices & 3 {
        0 => Source::Member { id, priority: Priority::Control, replies },
        1 => Source::Member { id, priority: Priority::Bulk, replies },
        2 => Source::Client { id: 1, replies },
        _ => Source::Server { id },
    }
}
