//! Listeners to the status of resources, and their streams: a synchronous value that touches no connection.
//!
//! A listener's stream is open at the default member. If the stream or its connection ends, another is opened
//! at the default member of that moment. It continues: a status of an older term than the listener knows is
//! left out.

use super::connections::ConnectionId;
use crate::codec::cursor::Malformed;
use crate::request::status::{PartitionStatus, Subscription};
use crate::request::wire::resolve::NAME_MAX;
use crate::stream::reader::{Event, ServerFault, StreamReader};
use crate::stream::topic;
use crate::stream::wire::{EndReason, Item, SUBJECT_MAX, StreamId, ToReader, ToServer};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::time::Duration;
use thiserror::Error;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::Instant;

/// Most changes in flight to a listener.
const WINDOW: u64 = 128;
/// Pause before a stream that ended is opened again.
const PAUSE: Duration = Duration::from_millis(100);

const _: () = assert!(NAME_MAX <= SUBJECT_MAX, "a resource's name is a subject");

/// A message that no correct member sends. The connection is to be closed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Fault {
    /// The message violates the rules of streams.
    #[error(transparent)]
    Stream(#[from] ServerFault),
    /// An item of the stream is not a valid status.
    #[error("malformed status: {0}")]
    Status(#[from] Malformed),
}

/// A listener to one resource.
#[derive(Debug)]
struct Subscriber {
    watch: Subscription,
    stream: Option<(ConnectionId, StreamId)>,
    /// The time from which on the stream may be opened.
    next: Instant,
    /// The last known status of each partition.
    reported: BTreeMap<u32, PartitionStatus>,
    /// A status that did not fit into the listener's queue yet.
    waiting: Option<PartitionStatus>,
}

/// All listeners, and the streams on each connection.
#[derive(Debug, Default)]
pub(super) struct Watching {
    listeners: Vec<Subscriber>,
    readers: BTreeMap<ConnectionId, StreamReader>,
}

impl Watching {
    /// Adds a listener.
    pub(super) fn add(&mut self, now: Instant, watch: Subscription) {
        self.listeners.push(Subscriber {
            watch,
            stream: None,
            next: now,
            reported: BTreeMap::new(),
            waiting: None,
        });
    }

    /// Returns the number of listeners.
    pub(super) fn len(&self) -> usize {
        self.listeners.len()
    }

    /// Opens streams on `connection` for listeners that have none.
    pub(super) fn open(&mut self, now: Instant, connection: ConnectionId) {
        for listener in self.listeners.iter_mut().filter(|one| one.stream.is_none() && one.next <= now) {
            listener.next = now + PAUSE;
            let subject = Bytes::copy_from_slice(listener.watch.resource.as_bytes());
            let reader = self.readers.entry(connection).or_default();
            listener.stream =
                reader.open(topic::STATUS, subject, 0, WINDOW).map(|stream| (connection, stream));
        }
    }

    /// Handles a message from the member on `connection`.
    pub(super) fn take(&mut self, connection: ConnectionId, message: ToReader) -> Result<(), Fault> {
        Ok(self.readers.entry(connection).or_default().take(message)?)
    }

    /// Delivers what has arrived, as far as listeners accept it, and forgets listeners that are gone. Returns
    /// whether another member may know more than the one that was asked.
    pub(super) fn deliver(&mut self, now: Instant) -> Result<bool, (ConnectionId, Fault)> {
        let mut elsewhere = false;
        for listener in &mut self.listeners {
            let Some((connection, stream)) = listener.stream else { continue };
            let Some(reader) = self.readers.get_mut(&connection) else { continue };
            match listener.deliver(reader, stream).map_err(|fault| (connection, fault))? {
                Delivered::All => {}
                Delivered::Ended(reason) => {
                    elsewhere |= reason != EndReason::Complete;
                    (listener.stream, listener.next) = (None, now + PAUSE);
                }
            }
            if listener.watch.sink.is_closed() {
                reader.cancel(stream);
            }
        }
        self.listeners.retain(|listener| !listener.watch.sink.is_closed());
        Ok(elsewhere)
    }

    /// Returns the next message to send, with its connection.
    pub(super) fn next_out(&mut self) -> Option<(ConnectionId, ToServer)> {
        self.readers
            .iter_mut()
            .find_map(|(connection, reader)| reader.next_out().map(|message| (*connection, message)))
    }

    /// Forgets the streams of a connection that is gone.
    pub(super) fn lost(&mut self, connection: ConnectionId) {
        self.readers.remove(&connection);
        for listener in &mut self.listeners {
            listener.stream.take_if(|(open_on, _)| *open_on == connection);
        }
    }
}

/// The result of a delivery.
enum Delivered {
    /// The listener has everything that arrived, or its queue is full.
    All,
    /// The stream has ended.
    Ended(EndReason),
}

impl Subscriber {
    fn deliver(&mut self, reader: &mut StreamReader, stream: StreamId) -> Result<Delivered, Fault> {
        loop {
            if let Some(status) = self.waiting.take()
                && let Err(TrySendError::Full(status)) = self.watch.sink.try_send(status)
            {
                self.waiting = Some(status);
                return Ok(Delivered::All);
            }
            match reader.next(stream) {
                None => return Ok(Delivered::All),
                Some(Event::Item(Item { body, .. })) => self.hear(PartitionStatus::decode(&body)?),
                // The missed items are older than what comes now.
                Some(Event::Missed(_)) => {}
                Some(Event::End(reason, _)) => return Ok(Delivered::Ended(reason)),
            }
        }
    }

    fn hear(&mut self, status: PartitionStatus) {
        let known = self.reported.get(&status.partition);
        if known.is_none_or(|known| known.term <= status.term && *known != status) {
            self.reported.insert(status.partition, status);
            self.waiting = Some(status);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::status::{Health, Role, StatusSender};
    use crate::stream::wire::Open;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};
    use tokio::sync::mpsc;

    const HERE: ConnectionId = ConnectionId(1);
    const THERE: ConnectionId = ConnectionId(2);

    fn status(partition: u32, term: u64, leader: Option<u64>) -> PartitionStatus {
        let health = if leader.is_some() { Health::Healthy } else { Health::NoLeader };
        PartitionStatus { partition, leader, term, member: 1, role: Role::Follower, health }
    }

    fn items(stream: StreamId, told: &[PartitionStatus]) -> ToReader {
        let item =
            |(at, status): (usize, &PartitionStatus)| Item { position: at as u64 + 1, body: status.encode() };
        ToReader::Items { stream, items: told.iter().enumerate().map(item).collect() }
    }

    /// Returns a listener with a stream that is open on the first connection.
    fn listening(now: Instant) -> (Watching, mpsc::Receiver<PartitionStatus>) {
        let (sender, mut watches) = StatusSender::new(1);
        let mut watching = Watching::default();
        let watch = pin!(sender.watch("bank".into()));
        let Poll::Ready(Some(changes)) = watch.poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("there is room")
        };
        watching.add(now, watches.try_recv().unwrap());
        watching.open(now, HERE);
        let open =
            Open { stream: 1, topic: topic::STATUS, subject: "bank".into(), position: 0, credit: WINDOW };
        assert_eq!(watching.next_out(), Some((HERE, ToServer::Open(open))));
        assert_eq!(watching.next_out(), None);
        (watching, changes)
    }

    fn heard(changes: &mut mpsc::Receiver<PartitionStatus>) -> Vec<PartitionStatus> {
        std::iter::from_fn(|| changes.try_recv().ok()).collect()
    }

    #[test]
    fn a_listener_goes_on_at_another_member_and_hears_nothing_older() {
        let now = Instant::now();
        let (mut watching, mut changes) = listening(now);
        let first = [status(0, 3, Some(1)), status(1, 3, Some(2)), status(0, 4, None)];
        watching.take(HERE, items(1, &first)).unwrap();
        assert_eq!(watching.deliver(now), Ok(false));
        assert_eq!(heard(&mut changes), first);
        watching.lost(HERE);
        watching.open(now, THERE);
        assert_eq!(watching.next_out(), None, "not at once");
        watching.open(now + PAUSE, THERE);
        assert!(matches!(watching.next_out(), Some((THERE, ToServer::Open(_)))));
        let again = [status(0, 3, Some(1)), status(1, 3, Some(2)), status(0, 4, Some(3))];
        watching.take(THERE, items(1, &again)).unwrap();
        assert_eq!(watching.deliver(now), Ok(false));
        assert_eq!(heard(&mut changes), [again[2]], "what is old or known is left out");
    }

    #[test]
    fn whoever_listens_slowly_gives_no_credit_and_loses_nothing() {
        let now = Instant::now();
        let (mut watching, mut changes) = listening(now);
        let told: Vec<_> = (1..=WINDOW).map(|term| status(0, term, Some(1))).collect();
        watching.take(HERE, items(1, &told)).unwrap();
        assert_eq!(watching.deliver(now), Ok(false));
        assert_eq!(watching.next_out(), Some((HERE, ToServer::Credit { stream: 1, items: WINDOW / 2 })));
        assert_eq!((watching.deliver(now), watching.next_out()), (Ok(false), None));
        let mut all = heard(&mut changes);
        while all.len() < told.len() {
            assert_eq!(watching.deliver(now), Ok(false));
            all.extend(heard(&mut changes));
        }
        assert_eq!(all, told);
    }

    #[test]
    fn a_member_that_knows_nothing_of_it_is_not_the_last_word() {
        let now = Instant::now();
        let (mut watching, changes) = listening(now);
        let end = ToReader::End { stream: 1, reason: EndReason::UnknownSubject, position: 0 };
        watching.take(HERE, end).unwrap();
        assert_eq!(watching.deliver(now), Ok(true));
        watching.open(now + PAUSE, HERE);
        assert!(matches!(watching.next_out(), Some((HERE, ToServer::Open(Open { stream: 2, .. })))));
        drop(changes);
        assert_eq!((watching.deliver(now), watching.len()), (Ok(false), 0));
        assert_eq!(watching.next_out(), Some((HERE, ToServer::Cancel { stream: 2 })));
    }

    #[test]
    fn lies_are_faults_of_their_connection() {
        let now = Instant::now();
        let (mut watching, _changes) = listening(now);
        let body = Bytes::from_static(b"no status");
        watching.take(HERE, ToReader::Items { stream: 1, items: vec![Item { position: 1, body }] }).unwrap();
        assert!(matches!(watching.deliver(now), Err((HERE, Fault::Status(_)))));
        let (mut watching, _changes) = listening(now);
        let twice = items(1, &vec![status(0, 1, None); WINDOW as usize + 1]);
        assert_eq!(watching.take(HERE, twice), Err(Fault::Stream(ServerFault::Uncredited(1))));
    }
}
