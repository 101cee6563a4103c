//! An open connection: one task that reads, writes, and watches whether the other side is alive.

use super::admission::Recheck;
use super::closed::Closed;
use super::event::{Event, Source};
use super::handshake::Opened;
use super::limits::{Limits, MESSAGE_MAX};
use super::network::Stream;
use super::send_queue::SendQueueReader;
use super::wire::envelope::{self, Expected};
use super::wire::family::SenderKinds;
use super::wire::unreadable::Unreadable;
use super::wire::{self, Incoming};
use super::write_buffer::Chunk;
use bytes::{Buf, BytesMut};
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

/// The least free bytes of the receive buffer before a read: the cost of an idle connection.
const READ_LEN_MIN: usize = 8 << 10;
/// The most bytes that are reserved at once. A longer message gets more as its bytes arrive, so that a mere
/// claim costs nothing.
const READ_LEN_MAX: usize = 256 << 10;
/// The capacity beyond which an empty buffer is released.
const KEEP_MAX: usize = 2 << 20;
/// The most messages delivered to the node at once.
const BATCH_MAX: usize = 4_096;

/// Delivers the messages of one connection to the node, and names their sender.
#[derive(Debug)]
pub(super) struct Reader<I> {
    pub(super) inbox: mpsc::Sender<Event<I>>,
    pub(super) from: Source,
    /// Set if the caller was accepted before bootstrap.
    pub(super) recheck: Option<Recheck>,
}

impl<I: Incoming> Reader<I> {
    async fn hand_over(&self, messages: Vec<I>) -> Result<(), Closed> {
        if let Some(recheck) = &self.recheck {
            recheck.judge().map_err(Closed::Unfit)?;
        }
        let event = Event::Received { from: self.from.clone(), messages };
        self.inbox.send(event).await.map_err(|_| Closed::Stopped)
    }
}

/// Returns what may arrive on an open connection. A dialed control connection has no reader: only pings
/// arrive on it.
fn expected<I: Incoming>(reader: Option<&Reader<I>>) -> Expected {
    let sender = reader.map_or(SenderKinds::LISTENER, |reader| reader.from.senders());
    Expected { kinds: I::KINDS, sender, longest: MESSAGE_MAX }
}

/// Reads a stream to its end as an open connection does. For tests that have no connection.
#[cfg(feature = "testing")]
pub(crate) async fn read_alone<I: Incoming>(
    stream: Box<dyn Stream>,
    from: Source,
    inbox: mpsc::Sender<Event<I>>,
) -> Closed {
    let (half, _writer) = tokio::io::split(stream);
    let reader = Reader { inbox, from, recheck: None };
    read(half, BytesMut::new(), Some(&reader), &Life::default()).await
}

/// Serves a connection until it ends. Cancelling it cuts the connection.
pub(super) async fn serve<I: Incoming>(
    opened: Opened,
    send_queue: &SendQueueReader,
    reader: Option<&Reader<I>>,
    limits: &Limits,
) -> Closed {
    send_queue.allow(opened.stream.direct());
    let (half, writer) = tokio::io::split(opened.stream);
    let life = Life::default();
    let mut reading = pin!(read(half, opened.received, reader, &life));
    let closed = tokio::select! {
        biased;
        closed = send_queue.disconnected() => closed,
        closed = &mut reading => closed,
        closed = write(writer, send_queue) => closed,
        closed = watch(&life, send_queue, limits) => closed,
    };
    if closed == Closed::Drained {
        // Closing a socket that holds unread bytes destroys data in flight, so the other side closes first. The
        // caller of the orderly close limits how long this may take.
        reading.await;
    }
    closed
}

/// State that the reader shares with the watch.
#[derive(Debug, Default)]
struct Life {
    heard: AtomicBool,
    /// The reader waits for the node's inbox. Then the other side must not be blamed for silence.
    delivering: AtomicBool,
}

async fn watch(life: &Life, send_queue: &SendQueueReader, limits: &Limits) -> Closed {
    // Counted in ticks, not by a clock: while this process was suspended, the other side was not silent.
    let mut ticks = interval(limits.ping_interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut silence, mut stuck) = (Duration::ZERO, Duration::ZERO);
    loop {
        ticks.tick().await;
        if !send_queue.is_stuck() {
            stuck = Duration::ZERO;
        } else if stuck >= limits.silence_max {
            return Closed::Overflowed;
        } else {
            stuck += limits.ping_interval;
        }
        send_queue.show_life();
        if life.heard.swap(false, Relaxed) || life.delivering.load(Relaxed) {
            silence = Duration::ZERO;
        } else if silence >= limits.silence_max {
            return Closed::Silent;
        } else {
            silence += limits.ping_interval;
        }
    }
}

async fn write(mut writer: WriteHalf<Box<dyn Stream>>, send_queue: &SendQueueReader) -> Closed {
    let mut batch = Chunk::default();
    while send_queue.next(&mut batch).await {
        // In steps, so that the queue sees whether the other side accepts any bytes.
        while batch.has_remaining() {
            match writer.write_buf(&mut batch).await {
                Ok(0) => return Closed::Network(io::ErrorKind::WriteZero),
                Ok(count) => send_queue.wrote(count),
                Err(error) => return error.into(),
            }
        }
    }
    match writer.shutdown().await {
        Ok(()) => Closed::Drained,
        Err(error) => error.into(),
    }
}

async fn read<I: Incoming>(
    mut half: ReadHalf<Box<dyn Stream>>,
    mut received: BytesMut,
    reader: Option<&Reader<I>>,
    life: &Life,
) -> Closed {
    let (expected, mut read_len) = (expected(reader), READ_LEN_MIN);
    loop {
        if let Err(closed) = hand_over(&mut received, &expected, reader, life).await {
            return closed;
        }
        reserve(&mut received, &expected, read_len);
        match half.read_buf(&mut received).await {
            Ok(0) if received.is_empty() => return Closed::Ended,
            Ok(0) => return Closed::Truncated,
            Ok(count) => read_len = next_read_len(read_len, count),
            Err(error) => return error.into(),
        }
        life.heard.store(true, Relaxed);
    }
}

/// Returns the size of the next read: a busy connection is read in large steps, a quiet one keeps little
/// memory.
fn next_read_len(read_len: usize, count: usize) -> usize {
    if count >= read_len {
        (read_len * 2).min(READ_LEN_MAX)
    } else if count < read_len / 8 {
        (read_len / 2).max(READ_LEN_MIN)
    } else {
        read_len
    }
}

/// Delivers every complete message.
async fn hand_over<I: Incoming>(
    received: &mut BytesMut,
    expected: &Expected,
    reader: Option<&Reader<I>>,
    life: &Life,
) -> Result<(), Closed> {
    loop {
        let (messages, fault) = messages(received, expected);
        let more = messages.len() == BATCH_MAX;
        if let (false, Some(reader)) = (messages.is_empty(), reader) {
            life.delivering.store(true, Relaxed);
            reader.hand_over(messages).await?;
            life.delivering.store(false, Relaxed);
        }
        if let Some(fault) = fault {
            return Err(fault.into());
        }
        if !more {
            return Ok(());
        }
    }
}

/// Reads the messages that are complete, and returns the fault of what follows them, if any.
fn messages<I: Incoming>(received: &mut BytesMut, expected: &Expected) -> (Vec<I>, Option<Unreadable>) {
    let mut messages = Vec::new();
    while messages.len() < BATCH_MAX {
        match message(received, expected) {
            Ok(Some(message)) => messages.extend(message),
            Ok(None) => break,
            Err(unreadable) => return (messages, Some(unreadable)),
        }
    }
    (messages, None)
}

/// Reads the next message. The outer `None` means that it is incomplete, the inner one that it is a ping.
fn message<I: Incoming>(
    received: &mut BytesMut,
    expected: &Expected,
) -> Result<Option<Option<I>>, Unreadable> {
    let envelope = envelope::take(received, expected)?;
    envelope.map(|envelope| wire::read(&envelope)).transpose()
}

/// Makes sure that a read finds space for `wanted` bytes, or for the rest of a message that is longer.
fn reserve(received: &mut BytesMut, expected: &Expected, wanted: usize) {
    if received.is_empty() && received.capacity() > KEEP_MAX {
        *received = BytesMut::new();
    }
    // `messages` has checked the front and found it incomplete.
    let rest = envelope::length(received, expected).unwrap_or(0).saturating_sub(received.len());
    let wanted = rest.clamp(wanted, READ_LEN_MAX.max(received.len()));
    // What is left of the last reservation is used up before more is reserved.
    if received.capacity() - received.len() < wanted.min(rest.max(wanted / 2)) {
        received.reserve(wanted);
    }
}
