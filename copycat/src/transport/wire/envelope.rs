//! The envelope with which every message begins.
//!
//! ```text
//!  offset size  field
//!       0    4  length        of the whole message, this field included
//!       4    4  checksum      CRC32C of the length and of everything after this field, as far as the kind says
//!       8    1  kind          within its family
//!       9    1  family
//!      10    1  flags         by kind; a reader refuses what it does not know
//!      11    1  reserved      0
//!      12    4  count         things that the message holds
//!      16    8  group         0 where there is none
//! ```

use super::family::{MessageKind, SenderKinds};
use super::registry::Registry;
use super::unreadable::Unreadable;
use crate::codec::checksum::crc32c_around;
use crate::codec::cursor::{Cursor, Malformed};
use crate::codec::ids::GroupId;
use crate::transport::limits::{ENVELOPE_LEN, MESSAGE_MAX};
use bytes::{BufMut, Bytes, BytesMut};

/// Bytes that tell a message's length, kind and family.
const FRONT_LEN: usize = 10;

/// The messages that may arrive on a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected {
    /// The kinds that this side understands.
    pub kinds: &'static Registry,
    /// The sender at the other end.
    pub sender: SenderKinds,
    /// Longest message, the envelope included.
    pub longest: usize,
}

/// A message whose envelope was verified.
#[derive(Clone, Debug)]
pub(crate) struct Envelope {
    /// The kind of the message.
    pub kind: &'static MessageKind,
    /// Bits defined by the kind; only known ones.
    pub flags: u8,
    /// The number of items that it claims to hold; use [`counted`](Envelope::counted).
    pub count: u32,
    /// The message's group; 0: none.
    pub group: GroupId,
    /// The bytes after the envelope.
    pub body: Bytes,
}

impl Envelope {
    /// Checks that the message names no group and counts nothing.
    pub(crate) fn is_plain(&self) -> Result<(), Malformed> {
        zero("message count", self.count.into())?;
        self.check_no_group()
    }

    /// Checks that the message names no group.
    pub(crate) fn check_no_group(&self) -> Result<(), Malformed> {
        zero("message group", self.group.0)
    }

    /// Checks that the message names a group.
    pub(crate) fn check_group(&self) -> Result<(), Malformed> {
        non_zero("message group", self.group.0)
    }

    /// Returns the number of items, each at least `shortest` bytes long. Fails if the remaining `bytes` cannot
    /// hold so many, or if there are more than `most`.
    pub(crate) fn counted(&self, bytes: usize, shortest: usize, most: usize) -> Result<usize, Malformed> {
        let (found, limit) = (self.count as usize, most.min(bytes / shortest));
        if found > limit { Err(Malformed::TooLong { limit, found }) } else { Ok(found) }
    }
}

/// Returns the length of the message at the front of `received`, as far as it is known: at least the envelope.
/// Checks everything that has arrived, so that no memory is allocated for an impossible length.
pub(crate) fn length(received: &[u8], expected: &Expected) -> Result<usize, Unreadable> {
    let mut cursor = Cursor::new(received);
    let Ok(length) = cursor.u32() else { return Ok(ENVELOPE_LEN) };
    let length = length as usize;
    if length > expected.longest {
        return Err(Malformed::TooLong { limit: expected.longest, found: length }.into());
    }
    if let Some(front) = received.first_chunk::<FRONT_LEN>() {
        let kind = expected.kinds.find(front[9], front[8], expected.sender)?;
        if !kind.fits(length) {
            return Err(Malformed::Value { field: "message length", found: length as u64 }.into());
        }
    }
    Ok(length.max(ENVELOPE_LEN))
}

/// Removes the message at the front. Returns `None` while it is not complete.
pub(crate) fn take(received: &mut BytesMut, expected: &Expected) -> Result<Option<Envelope>, Unreadable> {
    let length = length(received, expected)?;
    if received.len() < length {
        return Ok(None);
    }
    let kind = expected.kinds.find(received[9], received[8], expected.sender)?;
    Ok(Some(read(kind, &received.split_to(length).freeze())?))
}

fn read(kind: &'static MessageKind, message: &Bytes) -> Result<Envelope, Malformed> {
    let mut cursor = Cursor::new(message);
    let (_length, found) = (cursor.u32()?, cursor.u32()?);
    let computed = checksum(&message[..kind.covered(message.len())]);
    if found != computed {
        return Err(Malformed::Checksum { found, computed });
    }
    let (_kind, _family) = (cursor.u8()?, cursor.u8()?);
    let (flags, reserved) = (cursor.u8()?, cursor.u8()?);
    zero("message flags", u64::from(flags & !kind.flags()))?;
    zero("message reserved", reserved.into())?;
    let (count, group) = (cursor.u32()?, GroupId(cursor.u64()?));
    Ok(Envelope { kind, flags, count, group, body: message.slice(ENVELOPE_LEN..) })
}

/// Computes the checksum of a message's covered bytes, without the checksum field.
fn checksum(covered: &[u8]) -> u32 {
    crc32c_around(&covered[..4], &covered[8..])
}

/// Rewrites length and checksum to fit the rest of the message, as an attacker would. It is at least an
/// envelope long.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn write_checksum(message: &mut [u8], expected: &Expected) {
    let length = message.len();
    message[..4].copy_from_slice(&(length as u32).to_le_bytes());
    let kind = expected.kinds.find(message[9], message[8], expected.sender);
    let covered = kind.map_or(length, |kind| kind.covered(length));
    let checksum = checksum(&message[..covered]);
    message[4..8].copy_from_slice(&checksum.to_le_bytes());
}

/// Refuses a value that is not 0.
pub(crate) fn zero(field: &'static str, found: u64) -> Result<(), Malformed> {
    if found == 0 { Ok(()) } else { Err(Malformed::Value { field, found }) }
}

/// Refuses 0.
pub(crate) fn non_zero(field: &'static str, found: u64) -> Result<(), Malformed> {
    if found == 0 { Err(Malformed::Value { field, found }) } else { Ok(()) }
}

/// A message being written at the end of a buffer.
pub(crate) struct Draft<'a> {
    out: &'a mut BytesMut,
    start: usize,
    kind: &'static MessageKind,
}

impl<'a> Draft<'a> {
    /// Writes an envelope whose length and checksum are still missing.
    pub(crate) fn begin(
        out: &'a mut BytesMut,
        kind: &'static MessageKind,
        flags: u8,
        count: usize,
        group: GroupId,
    ) -> Self {
        debug_assert_eq!(flags & !kind.flags(), 0, "a flag that no reader knows");
        let start = out.len();
        out.put_u64_le(0);
        out.put_slice(&[kind.number, kind.family as u8, flags, 0]);
        out.put_u32_le(count as u32);
        out.put_u64_le(group.0);
        Draft { out, start, kind }
    }

    /// Returns the buffer for the fields.
    pub(crate) fn fields(&mut self) -> &mut BytesMut {
        self.out
    }

    /// Completes the envelope of a message. `behind` more bytes will follow, which the checksum does not cover.
    pub(crate) fn finish(self, behind: usize) {
        let message = &mut self.out[self.start..];
        let length = message.len() + behind;
        assert!(length <= MESSAGE_MAX && self.kind.fits(length), "what is written can be read");
        message[..4].copy_from_slice(&(length as u32).to_le_bytes());
        let checksum = checksum(message);
        message[4..8].copy_from_slice(&checksum.to_le_bytes());
    }
}
