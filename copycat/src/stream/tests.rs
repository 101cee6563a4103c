//! Tests of both ends of a connection's streams, with a simulated connection that delays and breaks.

use super::reader::{Event, ServerFault, StreamReader};
use super::server::{ReaderFault, ServerEvent, StreamServer, WAITING_MAX};
use super::wire::{EndReason, ITEM_MAX, Item, Open, StreamId, ToReader, ToServer};
use super::{CREDIT_MAX, STREAMS_MAX};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};

fn item(position: u64) -> Item {
    Item { position, body: Bytes::copy_from_slice(&position.to_le_bytes()) }
}

fn open(stream: StreamId, credit: u64) -> ToServer {
    ToServer::Open(Open { stream, topic: 1, subject: Bytes::new(), position: 0, credit })
}

fn items(stream: StreamId, positions: &[u64]) -> ToReader {
    ToReader::Items { stream, items: positions.iter().map(|position| item(*position)).collect() }
}

/// Returns a reader with one stream that accepts four items.
fn reading() -> (StreamReader, StreamId) {
    let mut reader = StreamReader::default();
    let stream = reader.open(1, Bytes::new(), 0, 4).unwrap();
    assert_eq!(reader.next_out(), Some(open(stream, 4)));
    (reader, stream)
}

/// Returns a server with one stream that has this credit.
fn serving(credit: u64) -> StreamServer {
    let mut server = StreamServer::default();
    assert!(matches!(server.take(open(1, credit)), Ok(ServerEvent::Opened(_))));
    server
}

#[test]
fn items_flow_as_far_as_they_are_taken() {
    let mut server = serving(2);
    (1..=5).for_each(|position| server.publish(1, item(position)));
    assert_eq!(server.next(), Some(items(1, &[1, 2])));
    assert_eq!(server.next(), None, "there is no credit");
    assert!(!server.takes(1));
    assert_eq!(server.take(ToServer::Credit { stream: 1, items: 2 }), Ok(ServerEvent::More(1)));
    assert_eq!(server.next(), Some(items(1, &[3, 4])));
    server.end(1, EndReason::Complete);
    assert_eq!(server.next(), None, "the end comes behind what was handed in");
    server.publish(1, item(9));
    assert_eq!(server.take(ToServer::Credit { stream: 1, items: 9 }), Ok(ServerEvent::Nothing), "it is over");
    assert_eq!(server.len(), 1, "and not forgotten");
}

#[test]
fn an_end_that_waits_for_credit_comes_when_the_reader_gives_up() {
    let mut server = serving(0);
    server.publish(1, item(1));
    server.end(1, EndReason::Complete);
    assert_eq!((server.next(), server.len()), (None, 1));
    let mut server = serving(0);
    server.publish(1, item(1));
    assert_eq!(server.take(ToServer::Cancel { stream: 1 }), Ok(ServerEvent::Cancelled(1)));
    let end = ToReader::End { stream: 1, reason: EndReason::Cancelled, position: 0 };
    assert_eq!((server.next(), server.next(), server.len()), (Some(end), None, 0));
    assert_eq!(server.take(ToServer::Cancel { stream: 1 }), Ok(ServerEvent::Nothing), "it may cross the end");
    assert_eq!(server.figures(), (0, 1));
}

#[test]
fn a_slow_reader_costs_bounded_memory_and_is_told_what_it_missed() {
    let mut server = serving(1);
    let body = Bytes::from(vec![7; ITEM_MAX]);
    for position in 1..=10_000 {
        server.publish(1, Item { position, body: body.clone() });
        assert!(server.figures().0 <= WAITING_MAX);
    }
    let Some(ToReader::Missed { stream: 1, position }) = server.next() else { panic!("nothing was missed") };
    assert!(position > 1);
    let Some(ToReader::Items { items, .. }) = server.next() else { panic!("no items") };
    assert_eq!(items.iter().map(|item| item.position).collect::<Vec<_>>(), [position]);
    assert_eq!(server.next(), None);
}

#[test]
fn credit_without_end_is_credit_up_to_a_bound() {
    let mut server = serving(1 << 63);
    server.take(ToServer::Credit { stream: 1, items: u64::MAX }).unwrap();
    let mut sent = 0;
    for position in 1..=2 * CREDIT_MAX {
        server.publish(1, item(position));
        while let Some(message) = server.next() {
            let ToReader::Items { items, .. } = message else { panic!("{message:?}") };
            sent += items.len() as u64;
        }
        if sent == CREDIT_MAX {
            break;
        }
    }
    assert_eq!((sent, server.takes(1)), (CREDIT_MAX, false));
}

#[test]
fn ten_thousand_streams_are_refused_beyond_the_bound() {
    let (mut server, mut opened, mut refused) = (StreamServer::default(), 0, 0);
    for stream in 1..=10_000 {
        match server.take(open(stream, 1)).unwrap() {
            ServerEvent::Opened(_) => opened += 1,
            taken => assert_eq!(taken, ServerEvent::Nothing),
        }
        while let Some(message) = server.next() {
            let end = ToReader::End { stream, reason: EndReason::TooMany, position: 0 };
            assert_eq!(message, end);
            refused += 1;
        }
    }
    assert_eq!((opened, refused, server.len()), (STREAMS_MAX, 10_000 - STREAMS_MAX, STREAMS_MAX));
    // A reader that does not even read the refusals is cut off.
    let flood = (10_001..).map(|stream| server.take(open(stream, 1))).find(Result::is_err);
    assert_eq!(flood, Some(Err(ReaderFault::Flooded)));
    let mut reader = StreamReader::default();
    let opened = std::iter::from_fn(|| reader.open(1, Bytes::new(), 0, 1)).take(10_000).count();
    assert_eq!(opened, STREAMS_MAX, "a reader does not ask for more");
    reader.cancel(5);
    assert_eq!(reader.open(1, Bytes::new(), 0, 1), None, "its end has not come");
    reader.take(ToReader::End { stream: 5, reason: EndReason::Cancelled, position: 0 }).unwrap();
    assert!(reader.open(1, Bytes::new(), 0, 1).is_some());
}

#[test]
fn streams_that_never_were_and_names_that_were_used_are_faults_of_the_reader() {
    let mut server = serving(1);
    assert_eq!(server.take(open(1, 1)), Err(ReaderFault::Reopened(1)));
    for message in [ToServer::Credit { stream: 2, items: 1 }, ToServer::Cancel { stream: 2 }] {
        assert_eq!(server.take(message), Err(ReaderFault::NeverOpened(2)));
    }
    server.publish(2, item(1));
    server.end(2, EndReason::Complete);
    assert_eq!((server.next(), server.takes(2)), (None, false));
}

#[test]
fn readers_get_items_gaps_and_the_end_in_their_order_and_give_credit_back() {
    let (mut reader, stream) = reading();
    reader.take(items(stream, &[1, 2])).unwrap();
    reader.take(ToReader::Missed { stream, position: 7 }).unwrap();
    reader.take(ToReader::Missed { stream, position: 8 }).unwrap();
    reader.take(items(stream, &[8])).unwrap();
    assert_eq!(reader.next(stream), Some(Event::Item(item(1))));
    assert_eq!(reader.next_out(), None, "not for every one");
    assert_eq!(reader.next(stream), Some(Event::Item(item(2))));
    assert_eq!(reader.next_out(), Some(ToServer::Credit { stream, items: 2 }));
    reader.take(ToReader::End { stream, reason: EndReason::Complete, position: 8 }).unwrap();
    assert_eq!(reader.next(stream), Some(Event::Missed(8)), "two gaps in a row are one");
    assert_eq!(reader.next(stream), Some(Event::Item(item(8))));
    assert_eq!(reader.next(stream), Some(Event::End(EndReason::Complete, 8)));
    assert_eq!((reader.next(stream), reader.next_out(), reader.figures()), (None, None, (0, 0)));
}

#[test]
fn what_nobody_asked_for_is_a_fault_of_the_server() {
    let (mut reader, stream) = reading();
    assert_eq!(reader.take(items(stream, &[1, 2, 3, 4, 5])), Err(ServerFault::Uncredited(stream)));
    let (mut reader, stream) = reading();
    reader.take(items(stream, &[3])).unwrap();
    assert_eq!(reader.take(items(stream, &[3])), Err(ServerFault::Disordered(stream)));
    assert_eq!(reader.take(ToReader::Missed { stream, position: 3 }), Err(ServerFault::Disordered(stream)));
    let end = ToReader::End { stream, reason: EndReason::Complete, position: 3 };
    reader.take(end.clone()).unwrap();
    assert_eq!(reader.take(items(stream, &[4])), Err(ServerFault::BehindEnd(stream)));
    assert_eq!(reader.take(end), Err(ServerFault::BehindEnd(stream)));
}

#[test]
fn a_stream_that_was_given_up_is_quiet_and_others_are_counted() {
    let (mut reader, stream) = reading();
    reader.cancel(stream);
    assert_eq!(reader.next_out(), Some(ToServer::Cancel { stream }));
    reader.take(items(stream, &[1, 2, 3, 4])).unwrap();
    reader.take(ToReader::End { stream, reason: EndReason::Cancelled, position: 4 }).unwrap();
    assert_eq!((reader.next(stream), reader.figures()), (None, (0, 0)));
    reader.cancel(stream);
    assert_eq!(reader.next_out(), None, "it is over");
    assert_eq!(reader.take(items(stream, &[5])), Ok(()), "once is no harm");
    assert_eq!(reader.figures().1, 1);
    let outcome = (0..1_000).map(|_| reader.take(items(77, &[1]))).find(Result::is_err);
    assert_eq!(outcome, Some(Err(ServerFault::NotOpen(77))));
}

/// A growing log that keeps its newest items, and publishes them.
struct Log {
    newest: u64,
    kept: u64,
}

impl Log {
    /// Publishes all items after a position on a stream.
    fn tell(&self, server: &mut StreamServer, stream: StreamId, behind: u64) {
        let first = (behind + 1).max(self.newest.saturating_sub(self.kept) + 1);
        for position in first..=self.newest {
            if position == first && first > behind + 1 {
                server.publish_behind_gap(stream, item(position));
            } else {
                server.publish(stream, item(position));
            }
        }
    }
}

/// Two processes and the messages in flight between them.
#[derive(Default)]
struct Connection {
    server: StreamServer,
    reader: StreamReader,
    to_server: VecDeque<ToServer>,
    to_reader: VecDeque<ToReader>,
}

/// A reader of a stream of the log. It checks that it gets each item once, in order, and that missing ones are
/// reported.
struct Follower {
    stream: Option<StreamId>,
    position: u64,
    /// The position with which the stream continues after a gap.
    gap: Option<u64>,
    got: u64,
}

impl Follower {
    fn take(&mut self, event: Event) {
        match event {
            Event::Item(Item { position, body }) => {
                assert_eq!(body[..], position.to_le_bytes());
                match self.gap.take() {
                    Some(next) => assert!(position == next && next > self.position, "{position}, not {next}"),
                    None => assert_eq!(position, self.position + 1, "nothing was said to be missing"),
                }
                self.position = position;
                self.got += 1;
            }
            Event::Missed(next) => self.gap = Some(next),
            Event::End(reason, position) => {
                assert_eq!((reason, self.gap), (EndReason::Complete, None));
                assert_eq!(position, self.position, "it can be gone on from where it ended");
                self.stream = None;
            }
        }
    }
}

#[test]
fn whatever_the_connection_does_readers_get_everything_once_or_hear_of_it() {
    let (mut got, mut breaks) = (0, 0);
    for seed in 0..300 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut log = Log { newest: 0, kept: random.u64(1..3_000) };
        let mut connection = Connection::default();
        let mut followers: Vec<_> = (0..random.usize(1..6))
            .map(|_| Follower { stream: None, position: 0, gap: None, got: 0 })
            .collect();
        let mut told: BTreeMap<StreamId, u64> = BTreeMap::new();
        for _ in 0..random.usize(50..400) {
            match random.u8(0..12) {
                0..3 => {
                    // The log grows, sometimes by many items at once, and every stream is told.
                    let many = if random.u8(0..20) == 0 { 2_000 } else { random.u64(1..30) };
                    log.newest += many;
                    for (stream, position) in &mut told {
                        log.tell(&mut connection.server, *stream, *position);
                        *position = log.newest;
                    }
                }
                3 => {
                    let follower = random.choice(&mut followers).unwrap();
                    let behind = follower.position;
                    let window = random.u64(1..200);
                    let open = || connection.reader.open(1, Bytes::new(), behind, window);
                    follower.stream = follower.stream.or_else(open);
                }
                4 if random.u8(0..6) == 0 => {
                    let follower = random.choice(&mut followers).unwrap();
                    if let Some(stream) = follower.stream.take() {
                        connection.reader.cancel(stream);
                        follower.gap = None;
                    }
                }
                5 if random.u8(0..6) == 0 => {
                    let any = told.keys().nth(random.usize(..told.len().max(1))).copied();
                    if let Some(stream) = any {
                        told.remove(&stream);
                        connection.server.end(stream, EndReason::Complete);
                    }
                }
                6 if random.u8(0..12) == 0 => {
                    // Both ends lose everything in flight, and begin anew.
                    connection = Connection::default();
                    told.clear();
                    followers.iter_mut().for_each(|follower| (follower.stream, follower.gap) = (None, None));
                    breaks += 1;
                }
                7..9 => {
                    connection.to_server.extend(std::iter::from_fn(|| connection.reader.next_out()));
                    for _ in 0..random.usize(..8) {
                        let Some(asked) = connection.to_server.pop_front() else { break };
                        match connection.server.take(asked).unwrap() {
                            ServerEvent::Opened(Open { stream, position, .. }) => {
                                log.tell(&mut connection.server, stream, position);
                                told.insert(stream, log.newest.max(position));
                            }
                            ServerEvent::Cancelled(stream) => drop(told.remove(&stream)),
                            ServerEvent::More(_) | ServerEvent::Nothing => {}
                        }
                    }
                }
                9..11 => {
                    connection.to_reader.extend(std::iter::from_fn(|| connection.server.next()));
                    for _ in 0..random.usize(..8) {
                        let Some(message) = connection.to_reader.pop_front() else { break };
                        connection.reader.take(message).unwrap();
                    }
                }
                _ => {
                    for follower in &mut followers {
                        for _ in 0..random.usize(..50) {
                            let Some(stream) = follower.stream else { break };
                            let Some(event) = connection.reader.next(stream) else { break };
                            follower.take(event);
                        }
                    }
                }
            }
            assert!(connection.server.figures().0 <= WAITING_MAX);
        }
        got += followers.iter().map(|follower| follower.got).sum::<u64>();
    }
    assert!(got > 10_000 && breaks > 30, "{got} items and {breaks} breaks: this test tests little");
}
