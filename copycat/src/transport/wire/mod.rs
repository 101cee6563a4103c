//! Writes and reads messages, byte for byte. `FORMAT.md` draws the format.
//!
//! The code is written by hand; numbers are little-endian. Reading copies nothing: bodies are slices of the
//! receive buffer. Each body is read by the layer that owns its family; only those of the handshake and
//! of pings are read here. Nothing here opens a connection or decides anything.
//!
//! Begin with [`Outgoing`] and [`Incoming`], then [`envelope`], with which every message begins, and [`family`]
//! and [`registry`], by which it is checked.

mod connection;
pub(crate) mod envelope;
pub(crate) mod family;
#[cfg(test)]
pub(crate) mod golden;
pub(crate) mod hello;
pub(crate) mod refusal;
pub(crate) mod registry;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod unreadable;

use super::write_buffer::WriteBuffer;
use crate::codec::cursor::Malformed;
use envelope::Envelope;
use family::MessageKind;
pub(crate) use family::Priority;
pub(crate) use hello::{CallerKind, Hello, Welcome};
pub(crate) use refusal::Refusal;
use registry::Registry;
use unreadable::Unreadable;

/// A message that can be sent on an open connection.
pub(crate) trait Outgoing {
    /// Returns its kind, which selects the connection and how much of a queue it may fill.
    fn kind(&self) -> &'static MessageKind;

    /// Writes the message. A long one becomes several messages, an empty one perhaps none. Fails if the other
    /// side would refuse it; nothing was written then.
    fn encode(self, out: &mut WriteBuffer) -> Result<(), Malformed>;
}

/// The messages that one side of a connection understands.
pub(crate) trait Incoming: Sized + Send + 'static {
    /// The kinds that may arrive.
    const KINDS: &'static Registry;

    /// Reads the body of a message of these kinds.
    fn read(envelope: &Envelope) -> Result<Self, Malformed>;
}

/// Reads a message. Returns `None` for a ping.
pub(super) fn read<I: Incoming>(envelope: &Envelope) -> Result<Option<I>, Unreadable> {
    match envelope.kind.family {
        family::Family::Connection => Ok(hello::read_alive(envelope).map(|()| None)?),
        _ => Ok(Some(I::read(envelope)?)),
    }
}

/// Returns the bytes of a message on a connection: several messages if it is long.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn into_bytes(message: impl Outgoing) -> Result<bytes::BytesMut, Malformed> {
    use bytes::{Buf, BufMut};
    let (mut buffer, mut batch) = (WriteBuffer::default(), super::write_buffer::Chunk::default());
    message.encode(&mut buffer)?;
    buffer.drain_into(&mut batch);
    let mut bytes = bytes::BytesMut::with_capacity(batch.remaining());
    bytes.put(batch);
    Ok(bytes)
}

/// Reads whole messages back from such bytes, from any sender.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn read_all<I: Incoming>(bytes: bytes::Bytes) -> Result<Vec<I>, Unreadable> {
    let mut received = bytes::BytesMut::from(bytes);
    let expected = envelope::Expected {
        kinds: I::KINDS,
        sender: family::SenderKinds::UNCHECKED,
        longest: super::limits::MESSAGE_MAX,
    };
    let mut messages = Vec::new();
    while let Some(envelope) = envelope::take(&mut received, &expected)? {
        messages.extend(read::<I>(&envelope)?);
    }
    if received.is_empty() { Ok(messages) } else { Err(Malformed::Trailing(received.len()).into()) }
}
