//! An open connection: one task that reads, writes, and watches whether the other side lives.

use super::endpoint::{Event, Probation, Source};
use super::limits::{Limits, MESSAGE_MAX};
use super::outbox::Outbox;
use super::rope::Batch;
use super::seam::Stream;
use super::wire::{Incoming, Refusal, envelope};
use crate::codec::cursor::Malformed;
use bytes::{Buf, BytesMut};
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

/// Least room a read finds: what an idle connection costs.
const ROOM_MIN: usize = 8 << 10;
/// Most room that is made at once. A longer message gets more as its bytes arrive, so that a mere claim
/// costs nothing.
const ROOM_MAX: usize = 256 << 10;
/// A buffer that grew beyond this is given back when it is empty.
const KEEP_MAX: usize = 2 << 20;
/// Most messages handed over at once.
const BATCH_MAX: usize = 4_096;

/// Why a connection ended. What was queued on it is lost, except after `Drained`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Closed {
    /// The other side closed it between two messages.
    #[error("the other side closed it")]
    Ended,
    /// The other side closed it in the middle of a message.
    #[error("the other side closed it in the middle of a message")]
    Truncated,
    /// The network failed.
    #[error("the network failed: {0}")]
    Network(io::ErrorKind),
    /// The bytes are no message.
    #[error("malformed message: {0}")]
    Malformed(Malformed),
    /// The message is one that the other side must not send here.
    #[error("a message that has no place on this connection")]
    Misplaced,
    /// The caller was let in before the cluster was formed, and would not be now.
    #[error("judged again once the cluster was formed: {0}")]
    Unfit(Refusal),
    /// Nothing came from the other side for too long, not even a sign of life.
    #[error("nothing was heard from the other side")]
    Silent,
    /// The other side took too long to say who it is.
    #[error("no handshake in time")]
    Late,
    /// The other side does not read.
    #[error("the other side does not read what it is sent")]
    Overflowed,
    /// The same member opened the same lane again.
    #[error("the member opened the lane again")]
    Replaced,
    /// This side closed it in order; everything queued was written.
    #[error("closed in order")]
    Drained,
    /// This side has stopped listening.
    #[error("this side is stopping")]
    Stopped,
}

impl From<io::Error> for Closed {
    fn from(error: io::Error) -> Closed {
        Closed::Network(error.kind())
    }
}

impl From<Malformed> for Closed {
    fn from(malformed: Malformed) -> Closed {
        Closed::Malformed(malformed)
    }
}

impl Closed {
    /// Whether somebody should look at it.
    pub(super) fn is_alarming(&self) -> bool {
        !matches!(
            self,
            Closed::Ended | Closed::Network(_) | Closed::Replaced | Closed::Drained | Closed::Stopped
        )
    }
}

/// Where the messages of a connection go, and from whom they are. A dialed control lane has none: it only sends.
#[derive(Debug)]
pub(super) struct Ear {
    pub(super) inbox: mpsc::Sender<Event>,
    pub(super) from: Source,
    /// Of a caller that was let in before the cluster was formed.
    pub(super) probation: Option<Probation>,
}

impl Ear {
    fn expects(&self, message: &Incoming) -> bool {
        match self.from {
            Source::Member { lane, .. } => message.is_asked_by_members() && message.lane() == lane,
            Source::Client { .. } => matches!(message, Incoming::Submit(_) | Incoming::Seek(_)),
            Source::Server { .. } => matches!(message, Incoming::Results(_) | Incoming::Leaders(_)),
        }
    }

    async fn hear(&self, messages: Vec<Incoming>) -> Result<(), Closed> {
        if let Some(probation) = &self.probation {
            probation.judge().map_err(Closed::Unfit)?;
        }
        let event = Event::Received { from: self.from.clone(), messages };
        self.inbox.send(event).await.map_err(|_| Closed::Stopped)
    }
}

/// A stream whose handshake is done, and what was read behind it.
pub(crate) struct Opened {
    pub(super) stream: Box<dyn Stream>,
    pub(crate) received: BytesMut,
}

/// Reads a stream to its end as an open connection does, for tests that have no connection.
#[cfg(feature = "testing")]
pub(crate) async fn hear(stream: Box<dyn Stream>, from: Source, inbox: mpsc::Sender<Event>) -> Closed {
    let (reader, _writer) = tokio::io::split(stream);
    let ear = Ear { inbox, from, probation: None };
    read(reader, BytesMut::new(), Some(&ear), &Life::default()).await
}

/// Serves a connection until it ends. Cancelling it cuts the connection.
pub(super) async fn serve(opened: Opened, outbox: &Outbox, ear: Option<&Ear>, limits: &Limits) -> Closed {
    outbox.allow(opened.stream.direct());
    let (reader, writer) = tokio::io::split(opened.stream);
    let life = Life::default();
    let mut reading = pin!(read(reader, opened.received, ear, &life));
    let closed = tokio::select! {
        biased;
        closed = outbox.cut() => closed,
        closed = &mut reading => closed,
        closed = write(writer, outbox) => closed,
        closed = watch(&life, outbox, limits) => closed,
    };
    if closed == Closed::Drained {
        // Closing a socket that holds unread bytes destroys what is still on its way: let the other
        // side close first. Whoever asked for the orderly close has set a limit to this.
        reading.await;
    }
    closed
}

/// What the reader tells the watch.
#[derive(Debug, Default)]
struct Life {
    heard: AtomicBool,
    /// The node is behind: it is this side that does not read.
    delivering: AtomicBool,
}

async fn watch(life: &Life, outbox: &Outbox, limits: &Limits) -> Closed {
    // Counted in ticks, not by a clock: while this process was stopped, nobody was silent.
    let mut ticks = interval(limits.ping_interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut silence, mut stuck) = (Duration::ZERO, Duration::ZERO);
    loop {
        ticks.tick().await;
        if !outbox.is_stuck() {
            stuck = Duration::ZERO;
        } else if stuck >= limits.silence_max {
            return Closed::Overflowed;
        } else {
            stuck += limits.ping_interval;
        }
        outbox.show_life();
        if life.heard.swap(false, Relaxed) || life.delivering.load(Relaxed) {
            silence = Duration::ZERO;
        } else if silence >= limits.silence_max {
            return Closed::Silent;
        } else {
            silence += limits.ping_interval;
        }
    }
}

async fn write(mut writer: WriteHalf<Box<dyn Stream>>, outbox: &Outbox) -> Closed {
    let mut batch = Batch::default();
    while outbox.next(&mut batch).await {
        // In steps, so that the outbox sees whether the other side takes any.
        while batch.has_remaining() {
            match writer.write_buf(&mut batch).await {
                Ok(0) => return Closed::Network(io::ErrorKind::WriteZero),
                Ok(count) => outbox.wrote(count),
                Err(error) => return error.into(),
            }
        }
    }
    match writer.shutdown().await {
        Ok(()) => Closed::Drained,
        Err(error) => error.into(),
    }
}

async fn read(
    mut reader: ReadHalf<Box<dyn Stream>>,
    mut received: BytesMut,
    ear: Option<&Ear>,
    life: &Life,
) -> Closed {
    let mut room = ROOM_MIN;
    loop {
        if let Err(closed) = hand_over(&mut received, ear, life).await {
            return closed;
        }
        make_room(&mut received, room);
        match reader.read_buf(&mut received).await {
            Ok(0) if received.is_empty() => return Closed::Ended,
            Ok(0) => return Closed::Truncated,
            Ok(count) => room = next_room(room, count),
            Err(error) => return error.into(),
        }
        life.heard.store(true, Relaxed);
    }
}

/// A busy connection is read in large steps, a quiet one keeps little memory.
fn next_room(room: usize, count: usize) -> usize {
    if count >= room {
        (room * 2).min(ROOM_MAX)
    } else if count < room / 8 {
        (room / 2).max(ROOM_MIN)
    } else {
        room
    }
}

/// Passes on every message that is complete.
async fn hand_over(received: &mut BytesMut, ear: Option<&Ear>, life: &Life) -> Result<(), Closed> {
    loop {
        let (messages, fault) = messages(received, ear);
        let more = messages.len() == BATCH_MAX;
        if let (false, Some(ear)) = (messages.is_empty(), ear) {
            life.delivering.store(true, Relaxed);
            ear.hear(messages).await?;
            life.delivering.store(false, Relaxed);
        }
        if let Some(closed) = fault {
            return Err(closed);
        }
        if !more {
            return Ok(());
        }
    }
}

/// What can be read now, and what is wrong with what follows.
fn messages(received: &mut BytesMut, ear: Option<&Ear>) -> (Vec<Incoming>, Option<Closed>) {
    let mut messages = Vec::new();
    while messages.len() < BATCH_MAX {
        match message(received) {
            Ok(Some(Some(message))) if ear.is_some_and(|ear| ear.expects(&message)) => messages.push(message),
            Ok(Some(Some(_))) => return (messages, Some(Closed::Misplaced)),
            Ok(Some(None)) => {}
            Ok(None) => break,
            Err(malformed) => return (messages, Some(malformed.into())),
        }
    }
    (messages, None)
}

fn message(received: &mut BytesMut) -> Result<Option<Option<Incoming>>, Malformed> {
    let envelope = envelope::take(received, MESSAGE_MAX)?;
    envelope.map(|envelope| Incoming::decode(&envelope)).transpose()
}

/// Makes sure that a read finds `wanted` bytes of room, or room for the rest of a message that is longer.
fn make_room(received: &mut BytesMut, wanted: usize) {
    if received.is_empty() && received.capacity() > KEEP_MAX {
        *received = BytesMut::new();
    }
    // The front was checked by `messages`, which found it incomplete.
    let rest = envelope::length(received, MESSAGE_MAX).unwrap_or(0).saturating_sub(received.len());
    let wanted = rest.clamp(wanted, ROOM_MAX.max(received.len()));
    // What is left of the last room is used up before more is taken.
    if received.capacity() - received.len() < wanted.min(rest.max(wanted / 2)) {
        received.reserve(wanted);
    }
}
