//! What every message begins with.
//!
//! ```text
//!  offset size  field
//!       0    4  length        of the whole message, this field included
//!       4    4  checksum      CRC32C of the length and of everything behind this field, as far as the kind says
//!       8    1  kind          within its family
//!       9    1  family
//!      10    1  flags         by kind; a reader refuses what it does not know
//!      11    1  reserved      0
//!      12    4  count         things that the message holds
//!      16    8  group         0 where there is none
//! ```

use super::family::{Kind, SenderKinds};
use super::registry::Registry;
use super::unreadable::Unreadable;
use crate::codec::checksum::crc32c_around;
use crate::codec::cursor::{Cursor, Malformed};
use crate::codec::ids::GroupId;
use crate::transport::limits::{ENVELOPE_LEN, MESSAGE_MAX};
use bytes::{BufMut, Bytes, BytesMut};

/// So many bytes say what a message is and how long.
const FRONT_LEN: usize = 10;

/// What may arrive on a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected {
    /// What this side understands.
    pub kinds: &'static Registry,
    /// Who is at the other end.
    pub sender: SenderKinds,
    /// Longest message, the envelope included.
    pub longest: usize,
}

/// A message whose envelope was verified.
#[derive(Clone, Debug)]
pub(crate) struct Envelope {
    /// What it is.
    pub kind: &'static Kind,
    /// Bits by kind; only known ones.
    pub flags: u8,
    /// Things it holds; believed by nobody before they were counted.
    pub count: u32,
    /// Whose it is; 0: nobody's.
    pub group: GroupId,
    /// What lies behind the envelope.
    pub body: Bytes,
}

impl Envelope {
    /// Fails if the message names a group or counts anything.
    pub(crate) fn is_plain(&self) -> Result<(), Malformed> {
        zero("message count", self.count.into())?;
        self.is_nobodys()
    }

    /// Fails if the message names a group.
    pub(crate) fn is_nobodys(&self) -> Result<(), Malformed> {
        zero("message group", self.group.0)
    }

    /// Fails if the message names no group.
    pub(crate) fn is_somebodys(&self) -> Result<(), Malformed> {
        non_zero("message group", self.group.0)
    }

    /// How many things it holds, each of `shortest` bytes at least: believed only as far as the `bytes` that are
    /// there could hold them, and not beyond `most`.
    pub(crate) fn counted(&self, bytes: usize, shortest: usize, most: usize) -> Result<usize, Malformed> {
        let (found, limit) = (self.count as usize, most.min(bytes / shortest));
        if found > limit { Err(Malformed::TooLong { limit, found }) } else { Ok(found) }
    }
}

/// How long the message at the front of `received` is, as far as can be told by now: at least the envelope. Checks
/// whatever is there, so that no memory is taken for a length that cannot be.
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

/// Takes the message at the front off, `None` while it is not complete.
pub(crate) fn take(received: &mut BytesMut, expected: &Expected) -> Result<Option<Envelope>, Unreadable> {
    let length = length(received, expected)?;
    if received.len() < length {
        return Ok(None);
    }
    let kind = expected.kinds.find(received[9], received[8], expected.sender)?;
    Ok(Some(read(kind, &received.split_to(length).freeze())?))
}

fn read(kind: &'static Kind, message: &Bytes) -> Result<Envelope, Malformed> {
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

/// Of a message's covered bytes, the checksum itself left out.
fn checksum(covered: &[u8]) -> u32 {
    crc32c_around(&covered[..4], &covered[8..])
}

/// Writes length and checksum over whatever else the message says, as an attacker would. At least an envelope.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn seal(message: &mut [u8], expected: &Expected) {
    let length = message.len();
    message[..4].copy_from_slice(&(length as u32).to_le_bytes());
    let kind = expected.kinds.find(message[9], message[8], expected.sender);
    let covered = kind.map_or(length, |kind| kind.covered(length));
    let checksum = checksum(&message[..covered]);
    message[4..8].copy_from_slice(&checksum.to_le_bytes());
}

/// Refuses what must be 0.
pub(crate) fn zero(field: &'static str, found: u64) -> Result<(), Malformed> {
    if found == 0 { Ok(()) } else { Err(Malformed::Value { field, found }) }
}

/// Refuses what must not be 0.
pub(crate) fn non_zero(field: &'static str, found: u64) -> Result<(), Malformed> {
    if found == 0 { Err(Malformed::Value { field, found }) } else { Ok(()) }
}

/// A message being written at the end of a buffer.
pub(crate) struct Draft<'a> {
    out: &'a mut BytesMut,
    start: usize,
    kind: &'static Kind,
}

impl<'a> Draft<'a> {
    /// Writes an envelope whose length and checksum are still missing.
    pub(crate) fn begin(
        out: &'a mut BytesMut,
        kind: &'static Kind,
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

    /// Where the fields go.
    pub(crate) fn fields(&mut self) -> &mut BytesMut {
        self.out
    }

    /// Completes the envelope of a message that `behind` more bytes will follow, which the checksum does not cover.
    pub(crate) fn finish(self, behind: usize) {
        let message = &mut self.out[self.start..];
        let length = message.len() + behind;
        assert!(length <= MESSAGE_MAX && self.kind.fits(length), "what is written can be read");
        message[..4].copy_from_slice(&(length as u32).to_le_bytes());
        let checksum = checksum(message);
        message[4..8].copy_from_slice(&checksum.to_le_bytes());
    }
}
