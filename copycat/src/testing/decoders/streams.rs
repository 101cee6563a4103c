//! Fuzzes both ends of a connection's streams, with messages of a peer that knows the wire format but breaks the
//! rules.

use super::Verdict;
use super::input::Input;
use super::message::write_checksums;
use crate::node::wire::Incoming as AtMember;
use crate::remote::wire::Incoming as AtHandle;
use crate::stream::STREAMS_MAX;
use crate::stream::reader::{Event, StreamReader};
use crate::stream::server::{ServerEvent, StreamServer, WAITING_MAX};
use crate::stream::topic;
use crate::stream::wire::{EndReason, Item, Open, StreamId, ToReader, ToServer};
use crate::transport::wire::read_all;
use bytes::Bytes;

/// Most steps of one input. More would repeat what is covered.
const STEPS_MAX: usize = 2_000;

/// Drives both ends. Messages of one end reach the other or are lost, and forged messages arrive too. The result is
/// `Accepted` if an item was read.
pub fn streams(bytes: &[u8]) -> Verdict {
    let mut input = Input::new(bytes);
    let mut ends = Ends { floods: 2, ..Ends::default() };
    for _ in 0..STEPS_MAX {
        if input.is_empty() || !ends.step(&mut input) {
            break;
        }
        ends.check();
    }
    Verdict::of(ends.read > 0)
}

/// A connection, and the streams opened and served on it.
#[derive(Default)]
struct Ends {
    server: StreamServer,
    reader: StreamReader,
    served: Vec<(StreamId, u64)>,
    opened: Vec<StreamId>,
    read: u64,
    /// Number of times that more may be published than a queue holds.
    floods: u8,
}

impl Ends {
    /// Makes one step. Returns false if one end has found a fault, which ends the connection.
    fn step(&mut self, input: &mut Input<'_>) -> bool {
        let (step, choice) = (input.u8(), input.u8());
        match step % 10 {
            0 => {
                let subject = Bytes::copy_from_slice(input.take(usize::from(choice % 16)));
                let window = u64::from(input.u16()) << (choice % 48);
                self.opened.extend(self.reader.open(topic::STATUS, subject, u64::from(choice), window));
                true
            }
            1 => self.publish(choice, input),
            2 => {
                self.served.get(usize::from(choice)).into_iter().for_each(|(stream, _)| {
                    self.server.end(*stream, EndReason::Complete);
                });
                true
            }
            3 => {
                self.opened
                    .get(usize::from(choice))
                    .into_iter()
                    .for_each(|stream| self.reader.cancel(*stream));
                true
            }
            4 => self.consume(choice),
            5 => (0..choice).all(|_| self.reader.next_out().is_none_or(|message| self.ask(message))),
            6 => (0..choice)
                .all(|_| self.server.next().is_none_or(|message| self.reader.take(message).is_ok())),
            // A message is lost silently. No connection does that, but neither end may break because of it.
            7 => {
                drop((self.reader.next_out(), self.server.next()));
                true
            }
            8 => self.forged_ask(choice, input),
            _ => self.forged_tell(choice, input),
        }
    }

    fn publish(&mut self, choice: u8, input: &mut Input<'_>) -> bool {
        let many = match input.u8() {
            // More than a queue holds, once or twice.
            255 if self.floods > 0 => {
                self.floods -= 1;
                1_100
            }
            many => usize::from(many % 8),
        };
        let Some((stream, position)) = self.served.get_mut(usize::from(choice)) else { return true };
        for number in 0..many {
            let Some(next) = position.checked_add(1) else { break };
            let item = Item { position: next, body: Bytes::from_static(b"told") };
            match number {
                7 => self.server.publish_behind_gap(*stream, item),
                _ => self.server.publish(*stream, item),
            }
            *position = next;
        }
        true
    }

    fn consume(&mut self, choice: u8) -> bool {
        let Some(stream) = self.opened.get(usize::from(choice)).copied() else { return true };
        while let Some(event) = self.reader.next(stream) {
            match event {
                Event::Item(_) => self.read += 1,
                Event::Missed(_) | Event::End(..) => {}
            }
        }
        true
    }

    fn ask(&mut self, message: ToServer) -> bool {
        match self.server.take(message) {
            Ok(ServerEvent::Opened(Open { stream, topic: topic::STATUS, position, .. })) => {
                self.served.push((stream, position));
            }
            Ok(ServerEvent::Opened(Open { stream, .. })) => self.server.end(stream, EndReason::UnknownTopic),
            Ok(ServerEvent::More(_) | ServerEvent::Cancelled(_) | ServerEvent::Nothing) => {}
            Err(_fault) => return false,
        }
        true
    }

    fn forged_ask(&mut self, choice: u8, input: &mut Input<'_>) -> bool {
        let messages: Vec<AtMember> = forged(choice, input);
        messages.into_iter().all(|message| match message {
            AtMember::Stream(message) => self.ask(message),
            _ => true,
        })
    }

    fn forged_tell(&mut self, choice: u8, input: &mut Input<'_>) -> bool {
        let messages: Vec<AtHandle> = forged(choice, input);
        messages.into_iter().all(|message| match message {
            AtHandle::Stream(message) => self.tell(message),
            _ => true,
        })
    }

    fn tell(&mut self, message: ToReader) -> bool {
        self.reader.take(message).is_ok()
    }

    /// Checks that both ends keep their limits.
    fn check(&self) {
        assert!(self.server.len() <= STREAMS_MAX && self.opened.len() <= STEPS_MAX);
        assert!(self.server.figures().0 <= WAITING_MAX, "more waits than may");
        // Items, gaps between them, and one end for each stream.
        assert!(self.reader.figures().0 <= self.opened.len() * (2 * usize::from(u16::MAX) + 2));
    }
}

/// Makes up messages, under valid checksums.
fn forged<I: crate::transport::wire::Incoming>(choice: u8, input: &mut Input<'_>) -> Vec<I> {
    let mut bytes = input.take(usize::from(choice)).to_vec();
    write_checksums(&mut bytes);
    read_all(bytes.into()).unwrap_or_default()
}
