//! What every message begins with.
//!
//! ```text
//!  offset size  field
//!       0    4  length        of the whole message, this field included
//!       4    4  checksum      CRC32C of the length and of everything behind this field but entry frames
//!       8    1  kind          see `Kind`
//!       9    1  flags         by kind; a reader refuses what it does not know
//!      10    2  reserved      0
//!      12    4  count         frames, requests, answers, groups, leaders or members that the message holds
//!      16    8  group         0 where there is none
//! ```

use super::leaders::{GROUP_LEN, GROUPS_MAX, LEADERS_LEN_MAX};
use crate::codec::checksum::crc32c_around;
use crate::codec::cursor::{Cursor, Malformed};
use crate::codec::ids::GroupId;
use crate::transport::limits::{HANDSHAKE_MAX, MESSAGE_MAX};
use bytes::{BufMut, Bytes, BytesMut};
use std::ops::RangeInclusive;

/// Bytes of the envelope.
pub(crate) const ENVELOPE_LEN: usize = 24;
/// Bytes of an append before its frames, behind the envelope.
pub(crate) const APPEND_LEN: usize = 32;

/// What a message is. Numbers are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// Opens a connection.
    Hello = 1,
    /// Lets the caller in.
    Welcome = 2,
    /// Does not.
    Refused = 3,
    /// Says nothing but that its sender lives.
    Alive = 4,
    /// Raft §5.2.
    RequestVote = 16,
    /// Its answer.
    Vote = 17,
    /// Raft §5.3.
    Append = 18,
    /// Its answer.
    AppendReply = 19,
    /// Leadership is alive.
    Heartbeat = 20,
    /// Its answer.
    HeartbeatReply = 21,
    /// Requests.
    Submit = 32,
    /// Answers to requests.
    Results = 33,
    /// Who leads these groups?
    Seek = 34,
    /// Its answer.
    Leaders = 35,
    /// Form a cluster.
    Form = 48,
}

impl Kind {
    const ALL: [Kind; 15] = [
        Kind::Hello,
        Kind::Welcome,
        Kind::Refused,
        Kind::Alive,
        Kind::RequestVote,
        Kind::Vote,
        Kind::Append,
        Kind::AppendReply,
        Kind::Heartbeat,
        Kind::HeartbeatReply,
        Kind::Submit,
        Kind::Results,
        Kind::Seek,
        Kind::Leaders,
        Kind::Form,
    ];

    fn from_byte(byte: u8) -> Result<Kind, Malformed> {
        let known = Kind::ALL.into_iter().find(|kind| *kind as u8 == byte);
        known.ok_or(Malformed::Value { field: "message kind", found: byte.into() })
    }

    /// Bytes behind the envelope that a message of this kind can have.
    fn body_len(self) -> RangeInclusive<usize> {
        const MOST: usize = MESSAGE_MAX - ENVELOPE_LEN;
        match self {
            // Of another version's messages only the first bytes are known.
            Kind::Hello | Kind::Refused => 8..=HANDSHAKE_MAX - ENVELOPE_LEN,
            Kind::Welcome => 32..=HANDSHAKE_MAX - ENVELOPE_LEN,
            Kind::Form => 16..=HANDSHAKE_MAX - ENVELOPE_LEN,
            Kind::Alive => 0..=0,
            Kind::Heartbeat => 24..=24,
            Kind::Vote => 16..=16,
            Kind::RequestVote | Kind::AppendReply => 32..=32,
            Kind::HeartbeatReply => 32..=40,
            Kind::Append => APPEND_LEN..=MOST,
            Kind::Submit => 8..=MOST,
            Kind::Results => 0..=MOST,
            Kind::Seek => GROUP_LEN..=GROUP_LEN * GROUPS_MAX,
            Kind::Leaders => 0..=LEADERS_LEN_MAX,
        }
    }

    /// The flags that mean something.
    fn flags(self) -> u8 {
        match self {
            Kind::RequestVote | Kind::AppendReply | Kind::HeartbeatReply => 1,
            Kind::Vote => 3,
            _ => 0,
        }
    }

    /// How many bytes the checksum covers, of a message of `length`.
    fn covered(self, length: usize) -> usize {
        if self == Kind::Append { ENVELOPE_LEN + APPEND_LEN } else { length }
    }
}

/// A message whose envelope was verified.
#[derive(Clone, Debug)]
pub(crate) struct Envelope {
    /// What it is.
    pub kind: Kind,
    /// Bits by kind; only known ones.
    pub flags: u8,
    /// Things it holds; believed by nobody before they were counted.
    pub count: u32,
    /// Whose it is; 0: nobody's.
    pub group: GroupId,
    /// What lies behind the envelope.
    pub body: Bytes,
}

/// How long the message at the front of `received` is, as far as can be told by now: at least the
/// envelope. Checks whatever is there, so that no memory is taken for a length that cannot be.
pub(crate) fn length(received: &[u8], longest: usize) -> Result<usize, Malformed> {
    let mut cursor = Cursor::new(received);
    let Ok(length) = cursor.u32() else { return Ok(ENVELOPE_LEN) };
    let length = length as usize;
    if length > longest {
        return Err(Malformed::TooLong { limit: longest, found: length });
    }
    if let Some(kind) = received.get(8) {
        let body = Kind::from_byte(*kind)?.body_len();
        if length < ENVELOPE_LEN || !body.contains(&(length - ENVELOPE_LEN)) {
            return Err(Malformed::Value { field: "message length", found: length as u64 });
        }
    }
    Ok(length.max(ENVELOPE_LEN))
}

/// Takes the message at the front off, `None` while it is not complete.
pub(crate) fn take(received: &mut BytesMut, longest: usize) -> Result<Option<Envelope>, Malformed> {
    let length = length(received, longest)?;
    if received.len() < length {
        return Ok(None);
    }
    read(&received.split_to(length).freeze()).map(Some)
}

fn read(message: &Bytes) -> Result<Envelope, Malformed> {
    let mut cursor = Cursor::new(message);
    let (_length, found) = (cursor.u32()?, cursor.u32()?);
    let kind = Kind::from_byte(cursor.u8()?)?;
    let computed = checksum(&message[..kind.covered(message.len())]);
    if found != computed {
        return Err(Malformed::Checksum { found, computed });
    }
    let (flags, reserved) = (cursor.u8()?, cursor.u16()?);
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
pub(crate) fn seal(message: &mut [u8]) {
    let length = message.len();
    message[..4].copy_from_slice(&(length as u32).to_le_bytes());
    let covered = Kind::from_byte(message[8]).map_or(length, |kind| kind.covered(length).min(length));
    let checksum = checksum(&message[..covered]);
    message[4..8].copy_from_slice(&checksum.to_le_bytes());
}

pub(super) fn zero(field: &'static str, found: u64) -> Result<(), Malformed> {
    if found == 0 { Ok(()) } else { Err(Malformed::Value { field, found }) }
}

/// A message being written at the end of a buffer.
pub(super) struct Draft<'a> {
    out: &'a mut BytesMut,
    start: usize,
}

impl<'a> Draft<'a> {
    /// Writes an envelope whose length and checksum are still missing.
    pub(super) fn begin(out: &'a mut BytesMut, kind: Kind, flags: u8, count: usize, group: GroupId) -> Self {
        let start = out.len();
        out.put_u64_le(0);
        out.put_u8(kind as u8);
        out.put_u8(flags);
        out.put_u16_le(0);
        out.put_u32_le(count as u32);
        out.put_u64_le(group.0);
        Draft { out, start }
    }

    /// Where the fields go.
    pub(super) fn fields(&mut self) -> &mut BytesMut {
        self.out
    }

    /// Completes the envelope of a message that `frames` more bytes will follow.
    pub(super) fn finish(self, frames: usize) {
        let message = &mut self.out[self.start..];
        let length = message.len() + frames;
        assert!(length <= MESSAGE_MAX, "no part of a message was too long");
        message[..4].copy_from_slice(&(length as u32).to_le_bytes());
        let checksum = checksum(message);
        message[4..8].copy_from_slice(&checksum.to_le_bytes());
    }
}
