//! The end that opens streams and reads them: one value for all streams of a connection.
//!
//! Credit is the memory that is reserved for a stream: the reader gives as much as it has space for, and more
//! as items are consumed. A server that sends more than it has credit for, or what makes no sense, violates the
//! protocol: its connection is closed.

use super::wire::{EndReason, Item, Open, StreamId, ToReader, ToServer};
use super::{CREDIT_MAX, STREAMS_MAX};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use thiserror::Error;

/// Most messages of streams that are not open; more are a fault.
const STRAYS_MAX: u64 = 64;

/// A message that no correct server sends. The connection to it is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum ServerFault {
    /// More items arrived than there was credit for.
    #[error("items of stream {0} that nobody asked for")]
    Uncredited(StreamId),
    /// Items arrived again, or out of order.
    #[error("items of stream {0} out of their order")]
    Disordered(StreamId),
    /// A message of a stream arrived after its end.
    #[error("something behind the end of stream {0}")]
    BehindEnd(StreamId),
    /// Too many messages arrived for streams that are over or never existed.
    #[error("stream {0} is not open, and it is not the first of that kind")]
    NotOpen(StreamId),
}

/// An event of a stream, for its reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// An item.
    Item(Item),
    /// Items before this position that were not read are gone: the reader was too slow.
    Missed(u64),
    /// There are no more items. The stream can be continued from this position.
    End(EndReason, u64),
}

/// One open stream.
#[derive(Debug)]
struct ReadStream {
    /// Most items that may be in flight or wait to be consumed.
    window: u64,
    /// Items that may still arrive.
    credit: u64,
    /// Items that were consumed and not given back as credit yet.
    consumed: u64,
    events: VecDeque<Event>,
    /// Position of the last item that arrived.
    last: u64,
    ended: bool,
}

/// The reading end of all streams of a connection.
#[derive(Debug, Default)]
pub(crate) struct StreamReader {
    streams: BTreeMap<StreamId, ReadStream>,
    /// Streams that were cancelled and whose end has not arrived.
    cancelled: BTreeSet<StreamId>,
    newest: StreamId,
    /// The messages to send, in order.
    out: VecDeque<ToServer>,
    late_messages: u64,
}

impl StreamReader {
    /// Opens a stream with at most `window` items, at least one, in flight or waiting. Returns `None` if too
    /// many are open.
    pub(crate) fn open(
        &mut self,
        topic: u16,
        subject: Bytes,
        position: u64,
        window: u64,
    ) -> Option<StreamId> {
        if self.streams.len() + self.cancelled.len() >= STREAMS_MAX {
            return None;
        }
        let window = window.clamp(1, CREDIT_MAX);
        self.newest += 1;
        let stream = self.newest;
        let reading = ReadStream {
            window,
            credit: window,
            consumed: 0,
            events: VecDeque::new(),
            last: position,
            ended: false,
        };
        self.streams.insert(stream, reading);
        self.out.push_back(ToServer::Open(Open { stream, topic, subject, position, credit: window }));
        Some(stream)
    }

    /// Cancels a stream. Nothing of it is read any more.
    pub(crate) fn cancel(&mut self, stream: StreamId) {
        if let Some(reading) = self.streams.remove(&stream)
            && !reading.ended
        {
            self.cancelled.insert(stream);
            self.out.push_back(ToServer::Cancel { stream });
        }
    }

    /// Handles a message of the server.
    pub(crate) fn take(&mut self, message: ToReader) -> Result<(), ServerFault> {
        let stream = message.stream();
        let Some(reading) = self.streams.get_mut(&stream) else { return self.take_stray(&message) };
        if reading.ended {
            return Err(ServerFault::BehindEnd(stream));
        }
        match message {
            ToReader::Items { items, .. } => {
                items.into_iter().try_for_each(|item| reading.take_item(stream, item))
            }
            ToReader::Missed { position, .. } => reading.take_missed(stream, position),
            ToReader::End { reason, position, .. } => {
                reading.ended = true;
                reading.events.push_back(Event::End(reason, position));
                Ok(())
            }
        }
    }

    /// Handles a message without an open stream. Messages for a cancelled stream are ignored until its end
    /// arrives; messages for unknown streams are counted.
    fn take_stray(&mut self, message: &ToReader) -> Result<(), ServerFault> {
        let stream = message.stream();
        let cancelled = match message {
            ToReader::End { .. } => self.cancelled.remove(&stream),
            ToReader::Items { .. } | ToReader::Missed { .. } => self.cancelled.contains(&stream),
        };
        if !cancelled {
            self.late_messages += 1;
        }
        if self.late_messages > STRAYS_MAX { Err(ServerFault::NotOpen(stream)) } else { Ok(()) }
    }

    /// Returns the next event of a stream; `None` if there is none. After its end, the stream no longer exists.
    pub(crate) fn next(&mut self, stream: StreamId) -> Option<Event> {
        let reading = self.streams.get_mut(&stream)?;
        let event = reading.events.pop_front()?;
        match event {
            Event::Item(_) => {
                if let Some(items) = reading.give_back() {
                    self.out.push_back(ToServer::Credit { stream, items });
                }
            }
            Event::Missed(_) => {}
            Event::End(..) => drop(self.streams.remove(&stream)),
        }
        Some(event)
    }

    /// Returns the next message to the server.
    pub(crate) fn next_out(&mut self) -> Option<ToServer> {
        self.out.pop_front()
    }

    /// Returns the number of events that wait to be consumed, and of messages for streams that are not open.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn figures(&self) -> (usize, u64) {
        (self.streams.values().map(|reading| reading.events.len()).sum(), self.late_messages)
    }
}

impl ReadStream {
    fn take_item(&mut self, stream: StreamId, item: Item) -> Result<(), ServerFault> {
        if item.position <= self.last {
            return Err(ServerFault::Disordered(stream));
        }
        self.credit = self.credit.checked_sub(1).ok_or(ServerFault::Uncredited(stream))?;
        self.last = item.position;
        self.events.push_back(Event::Item(item));
        Ok(())
    }

    /// Records a gap. Adjacent gaps are merged, so at most one more gap than items can wait.
    fn take_missed(&mut self, stream: StreamId, position: u64) -> Result<(), ServerFault> {
        if position <= self.last {
            return Err(ServerFault::Disordered(stream));
        }
        if let Some(Event::Missed(known)) = self.events.back_mut() {
            *known = position;
        } else {
            self.events.push_back(Event::Missed(position));
        }
        Ok(())
    }

    /// Counts a consumed item. Returns the credit to give: in halves of the window, so that not every item
    /// causes a message.
    fn give_back(&mut self) -> Option<u64> {
        self.consumed += 1;
        if self.ended || self.consumed * 2 < self.window {
            return None;
        }
        self.credit += self.consumed;
        assert!(self.credit <= self.window, "no more is given than there is room for");
        Some(std::mem::take(&mut self.consumed))
    }
}
