//! The end that serves streams: one value for all streams of a connection.
//!
//! The owner of a topic publishes items as they arise, and takes out the messages that may be sent now. Between
//! the two there is a queue per stream. Publishing does not wait for a reader: an item that does not fit pushes
//! out the oldest ones, and the reader is told where the stream continues.

use super::wire::{EndReason, Item, Open, StreamId, ToReader, ToServer};
use super::{CREDIT_MAX, STREAMS_MAX};
use std::collections::{BTreeMap, VecDeque};
use thiserror::Error;

/// Most items that may wait on one stream.
const QUEUE_ITEMS_MAX: usize = 1_024;
/// The bytes of waiting items on all streams of a connection beyond which a new item pushes out the older ones of
/// its stream. The newest item of each stream stays, so more may wait: see [`WAITING_MAX`].
const QUEUED_BYTES_MAX: usize = 4 << 20;
/// Most items of one message.
const MESSAGE_ITEMS_MAX: usize = 256;
/// The size in bytes from which on a message takes no more items.
const MESSAGE_BYTES: usize = 256 << 10;
/// The cost of a waiting item beside its bytes.
const ITEM_COST: usize = 64;

/// A message that no correct reader sends. Its connection is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum ReaderFault {
    /// A stream was opened with an id that was used before.
    #[error("stream {0} was opened before")]
    Reopened(StreamId),
    /// A message is about a stream that was never opened.
    #[error("stream {0} was never opened")]
    NeverOpened(StreamId),
    /// Streams are opened faster than they can be refused.
    #[error("too many streams were opened at once")]
    Flooded,
}

/// What the owner has to do about a message of a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ServerEvent {
    /// A stream is open: it is to be served, or [ended](StreamServer::end).
    Opened(Open),
    /// A stream accepts more items.
    More(StreamId),
    /// A stream was cancelled.
    Cancelled(StreamId),
    /// There is nothing to do.
    Nothing,
}

/// An item that waits.
#[derive(Debug)]
struct Queued {
    item: Item,
    /// Items directly before it are gone, and the reader is to be told.
    behind_gap: bool,
}

/// One open stream.
#[derive(Debug)]
struct ServedStream {
    /// Items that may still be sent.
    credit: u64,
    queue: VecDeque<Queued>,
    /// Position of the last item sent; before that, the position that the stream was opened with.
    last: u64,
    /// The stream ends after what is queued.
    end: Option<EndReason>,
    /// The stream is in the list of those that may have something to send.
    ready: bool,
}

impl ServedStream {
    fn has_something(&self) -> bool {
        let may_send = !self.queue.is_empty() && self.credit > 0;
        may_send || self.queue.is_empty() && self.end.is_some()
    }
}

/// The serving end of all streams of a connection.
#[derive(Debug, Default)]
pub(crate) struct StreamServer {
    streams: BTreeMap<StreamId, ServedStream>,
    /// The greatest id that was used.
    newest: StreamId,
    /// Streams that may have something to send; the one that waits longest is first.
    ready: VecDeque<StreamId>,
    /// End messages of streams that were refused.
    refused: VecDeque<ToReader>,
    queued_bytes: usize,
    /// Number of messages for streams that are over. They are legitimate while the end is in flight.
    late_messages: u64,
}

impl StreamServer {
    /// Handles a message of a reader.
    pub(crate) fn take(&mut self, message: ToServer) -> Result<ServerEvent, ReaderFault> {
        match message {
            ToServer::Open(open) => self.open(open),
            ToServer::Credit { stream, items } => Ok(match self.known(stream)? {
                Some(serving) => {
                    serving.credit = serving.credit.saturating_add(items).min(CREDIT_MAX);
                    self.mark_ready(stream);
                    ServerEvent::More(stream)
                }
                None => ServerEvent::Nothing,
            }),
            ToServer::Cancel { stream } => Ok(match self.known(stream)? {
                Some(_) => {
                    self.end(stream, EndReason::Cancelled);
                    self.forget_queue(stream);
                    self.mark_ready(stream);
                    ServerEvent::Cancelled(stream)
                }
                None => ServerEvent::Nothing,
            }),
        }
    }

    fn open(&mut self, open: Open) -> Result<ServerEvent, ReaderFault> {
        let Open { stream, position, .. } = open;
        if stream <= self.newest {
            return Err(ReaderFault::Reopened(stream));
        }
        self.newest = stream;
        if self.streams.len() >= STREAMS_MAX {
            if self.refused.len() >= STREAMS_MAX {
                return Err(ReaderFault::Flooded);
            }
            self.refused.push_back(ToReader::End { stream, reason: EndReason::TooMany, position });
            return Ok(ServerEvent::Nothing);
        }
        let (credit, queue) = (open.credit.min(CREDIT_MAX), VecDeque::new());
        let serving = ServedStream { credit, queue, last: position, end: None, ready: false };
        self.streams.insert(stream, serving);
        Ok(ServerEvent::Opened(open))
    }

    /// Returns a stream that is open; `None` if it is over.
    fn known(&mut self, stream: StreamId) -> Result<Option<&mut ServedStream>, ReaderFault> {
        if stream > self.newest {
            return Err(ReaderFault::NeverOpened(stream));
        }
        let serving = self.streams.get_mut(&stream).filter(|serving| serving.end.is_none());
        if serving.is_none() {
            self.late_messages += 1;
        }
        Ok(serving)
    }

    /// Publishes an item. Positions of a stream must grow. Items for a stream that is over are dropped.
    pub(crate) fn publish(&mut self, stream: StreamId, item: Item) {
        self.push(stream, Queued { item, behind_gap: false });
    }

    /// Publishes an item after a gap: the items before it no longer exist, and the reader is told. For topics
    /// that are logs; none is served yet.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn publish_behind_gap(&mut self, stream: StreamId, item: Item) {
        self.push(stream, Queued { item, behind_gap: true });
    }

    fn push(&mut self, stream: StreamId, queued: Queued) {
        let Some(serving) = self.streams.get_mut(&stream).filter(|serving| serving.end.is_none()) else {
            return;
        };
        let newest = serving.queue.back().map_or(serving.last, |newest| newest.item.position);
        assert!(queued.item.position > newest, "the positions of a stream only grow");
        self.queued_bytes += cost(&queued.item);
        serving.queue.push_back(queued);
        while serving.queue.len() > QUEUE_ITEMS_MAX
            || self.queued_bytes > QUEUED_BYTES_MAX && serving.queue.len() > 1
        {
            let oldest = serving.queue.pop_front();
            self.queued_bytes -= oldest.map_or(0, |oldest| cost(&oldest.item));
            serving.queue.iter_mut().take(1).for_each(|next| next.behind_gap = true);
        }
        self.mark_ready(stream);
    }

    /// Returns whether an item that is published now would be sent at once.
    pub(crate) fn takes(&self, stream: StreamId) -> bool {
        let serving = self.streams.get(&stream).filter(|serving| serving.end.is_none());
        serving.is_some_and(|serving| serving.credit > serving.queue.len() as u64)
    }

    /// Ends a stream after what was published.
    pub(crate) fn end(&mut self, stream: StreamId, reason: EndReason) {
        if let Some(serving) = self.streams.get_mut(&stream) {
            serving.end.get_or_insert(reason);
            self.mark_ready(stream);
        }
    }

    /// Returns the next message to send; `None` if there is none now.
    pub(crate) fn next(&mut self) -> Option<ToReader> {
        if let Some(refused) = self.refused.pop_front() {
            return Some(refused);
        }
        let stream = self.ready.pop_front()?;
        let serving = self.streams.get_mut(&stream).expect("what is ready is open");
        serving.ready = false;
        if !serving.has_something() {
            return self.next();
        }
        if let Some(next) = serving.queue.front_mut().filter(|next| next.behind_gap) {
            next.behind_gap = false;
            let missed = ToReader::Missed { stream, position: next.item.position };
            self.mark_ready(stream);
            return Some(missed);
        }
        if let (true, Some(reason)) = (serving.queue.is_empty(), serving.end) {
            let position = serving.last;
            self.streams.remove(&stream);
            return Some(ToReader::End { stream, reason, position });
        }
        let items = self.take_items(stream);
        self.mark_ready(stream);
        Some(ToReader::Items { stream, items })
    }

    fn take_items(&mut self, stream: StreamId) -> Vec<Item> {
        let (mut items, mut bytes) = (Vec::new(), 0);
        let Some(serving) = self.streams.get_mut(&stream) else { return items };
        while serving.credit > 0
            && items.len() < MESSAGE_ITEMS_MAX
            && bytes < MESSAGE_BYTES
            && let Some(Queued { item, .. }) = serving.queue.pop_front_if(|next| !next.behind_gap)
        {
            serving.credit -= 1;
            serving.last = item.position;
            bytes += cost(&item);
            items.push(item);
        }
        self.queued_bytes -= bytes;
        items
    }

    fn forget_queue(&mut self, stream: StreamId) {
        if let Some(serving) = self.streams.get_mut(&stream) {
            self.queued_bytes -= serving.queue.drain(..).map(|queued| cost(&queued.item)).sum::<usize>();
        }
    }

    /// Lists a stream that has something to send, once.
    fn mark_ready(&mut self, stream: StreamId) {
        if let Some(serving) = self.streams.get_mut(&stream)
            && serving.has_something()
            && !serving.ready
        {
            serving.ready = true;
            self.ready.push_back(stream);
        }
    }

    /// Returns the number of streams whose end was not sent yet.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn len(&self) -> usize {
        self.streams.len()
    }

    /// Returns the bytes that wait, and the number of messages for streams that are over.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn figures(&self) -> (usize, u64) {
        (self.queued_bytes, self.late_messages)
    }
}

/// Returns the cost of a waiting item in bytes.
fn cost(item: &Item) -> usize {
    item.body.len() + ITEM_COST
}

/// Most bytes that can wait on one connection, about 68 MiB: one item of the largest size on every stream. For tests
/// that check it.
#[cfg(any(test, feature = "testing"))]
pub(crate) const WAITING_MAX: usize = QUEUED_BYTES_MAX + STREAMS_MAX * (super::wire::ITEM_MAX + ITEM_COST);
