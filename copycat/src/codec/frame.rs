//! The layout of one entry, the same in the journal and on the wire.
//!
//! ```text
//!  offset size  field
//!       0    4  length        of the whole frame, this field included
//!       4    4  checksum      CRC32C of the length and of everything after this field
//!       8    1  kind          see `Kind`
//!       9    1  codec         of key and payload: 0 none (hand-coded), 1 bincode 2.0.1 standard, 128 to 255
//!                             reserved for another one
//!      10    2  unsettled     `sequence` - `settled`, see `Stamp`
//!      12    4  method        method id of the command; 0 if there is none
//!      16    8  group
//!      24    8  index
//!      32    8  term
//!      40    8  time          cluster time, in microseconds
//!      48    8  session       0: none; in a vote: who got it
//!      56    8  sequence      within the line
//!      64    4  line          within the session
//!      68    4  key length
//!      72    …  key           `key length` bytes: the encoded `#[key]` argument
//!       …    …  payload       the rest: the other arguments, in order
//! ```
//!
//! All fields are little-endian. The checksum covers the length, so a forged or torn length is detected. Key and
//! payload together are one encoded tuple (key first): no byte of a command is stored twice. `FORMAT.md` gives the
//! reason for each field.

use super::checksum::{crc32c, crc32c_around};
use super::command::{Command, Stamp, UNSETTLED_MAX};
use super::cursor::{Cursor, Malformed};
use super::ids::{GroupId, Index, MemberId, MethodId, Term};
use super::terms::LogId;

/// Bytes of the header, which precedes key and payload.
pub(crate) const HEADER_LEN: usize = 72;
/// Most bytes of key and payload together: 4 MiB.
pub(crate) const BODY_MAX: usize = 4 << 20;
/// Most bytes of a key: 64 KiB.
pub(crate) const KEY_MAX: usize = 64 << 10;
/// Most bytes of an encoded result. What one command stored fits one response, with the response's own fields.
pub(crate) const RESULT_MAX: usize = BODY_MAX + KEY_MAX;
/// Most bytes of a frame.
pub(crate) const FRAME_MAX: usize = HEADER_LEN + BODY_MAX;

/// The meaning of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// A command of the user's state machine.
    Command = 1,
    /// The empty entry that a new leader commits first (Raft §8).
    Noop = 2,
    /// The members of the group; in force as soon as it is appended (Raft §6).
    Configuration = 3,
    /// The record of the group's commands, with the shapes of their arguments and results.
    Schema = 4,
    /// Term and vote of a group; in the journal only. `index` is 0, and the field `session` holds the vote (0: none).
    Vote = 5,
    /// The known commit index of a group; in the journal only. `index` is the commit index (Raft figure 2), `term` is
    /// the term of the entry there.
    Commit = 6,
    /// Reserved: the start of a session.
    OpenSession = 7,
    /// Reserved: the end of a session.
    CloseSession = 8,
    /// Reserved: the time at which a state machine asked to be called.
    Tick = 9,
    /// Reserved: a response that was held back.
    Answer = 10,
    /// Reserved: the start, move or end of a group.
    Lifecycle = 11,
}

impl Kind {
    const ALL: [Kind; 11] = [
        Kind::Command,
        Kind::Noop,
        Kind::Configuration,
        Kind::Schema,
        Kind::Vote,
        Kind::Commit,
        Kind::OpenSession,
        Kind::CloseSession,
        Kind::Tick,
        Kind::Answer,
        Kind::Lifecycle,
    ];

    fn from_byte(byte: u8) -> Result<Kind, Malformed> {
        let known = usize::from(byte).checked_sub(1).and_then(|at| Kind::ALL.get(at));
        known.copied().ok_or(Malformed::Value { field: "frame kind", found: byte.into() })
    }

    /// Returns whether frames of this kind are entries of a group's log.
    pub(crate) fn is_entry(self) -> bool {
        !matches!(self, Kind::Vote | Kind::Commit)
    }
}

/// The encoding of key and payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    /// Hand-coded or empty: 0.
    None,
    /// bincode 2.0.1, standard configuration: 1.
    Bincode,
    /// Another codec of the whole: 128 to 255. None exists. (A value in its type's own codec has the number of that
    /// beside it: [`writable`](super::writable).)
    Own(u8),
}

impl Codec {
    fn from_byte(byte: u8) -> Result<Codec, Malformed> {
        match byte {
            0 => Ok(Codec::None),
            1 => Ok(Codec::Bincode),
            128.. => Ok(Codec::Own(byte)),
            _ => Err(Malformed::Value { field: "frame codec", found: byte.into() }),
        }
    }

    fn byte(self) -> u8 {
        match self {
            Codec::None => 0,
            Codec::Bincode => 1,
            Codec::Own(byte) => byte,
        }
    }
}

/// The fixed fields of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The meaning of the frame.
    pub kind: Kind,
    /// The encoding of key and payload.
    pub codec: Codec,
    /// The group of the frame.
    pub group: GroupId,
    /// The index in the group's log; 0 in a vote.
    pub index: Index,
    /// The term of the leader that made the entry, or the term that a vote frame records.
    pub term: Term,
    /// The cluster clock, in microseconds.
    pub time: u64,
    /// The session and number of the command.
    pub stamp: Stamp,
    /// The method id of the command; 0 if the frame is no command.
    pub method: MethodId,
    /// Bytes of the key at the front of the body.
    pub key_len: u32,
}

impl Header {
    /// Returns the header of a frame of `kind` that is no command.
    pub(crate) fn bare(kind: Kind, group: GroupId, term: Term, index: Index, time: u64) -> Header {
        let (codec, method, stamp) = (Codec::None, MethodId(0), Stamp::NONE);
        Header { kind, codec, group, index, term, time, stamp, method, key_len: 0 }
    }

    /// Returns the header of a frame that records a group's term and vote.
    pub(crate) fn vote(group: GroupId, term: Term, vote: Option<MemberId>) -> Header {
        let stamp = Stamp { session: vote.map_or(0, |member| member.0), ..Stamp::NONE };
        Header { stamp, ..Header::bare(Kind::Vote, group, term, 0, 0) }
    }

    /// Returns the header of a frame that records a group's commit index: `last` is the last entry known to be
    /// committed.
    pub(crate) fn commit(group: GroupId, last: LogId) -> Header {
        assert!(last.term > 0 && last.index > 0, "{last:?} is no entry");
        Header::bare(Kind::Commit, group, last.term, last.index, 0)
    }

    /// Returns the vote that a vote frame records.
    pub(crate) fn voted_for(&self) -> Option<MemberId> {
        (self.stamp.session != 0).then_some(MemberId(self.stamp.session))
    }

    /// Appends the whole frame. `body` is the key followed by the payload.
    ///
    /// The caller must have checked the limits ([`BODY_MAX`], [`KEY_MAX`]) and reported an excess to its client. They
    /// are asserted here.
    pub(crate) fn encode(&self, body: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        self.put(body, out);
        finish(&mut out[start..]);
    }

    /// Appends the whole frame without its checksum; [`finish`] completes it.
    pub(super) fn put(&self, body: &[u8], out: &mut Vec<u8>) {
        assert!(
            body.len() <= BODY_MAX && self.key_len as usize <= KEY_MAX.min(body.len()),
            "limits were checked"
        );
        let Stamp { session, line, sequence, settled } = self.stamp;
        let unsettled = sequence.checked_sub(settled).filter(|unsettled| *unsettled <= UNSETTLED_MAX);
        let unsettled = unsettled.expect("a client keeps its unsettled writes within the limit") as u16;
        let mut head = [0u8; HEADER_LEN];
        head[UNFINISHED_LENGTH].copy_from_slice(&((HEADER_LEN + body.len()) as u32).to_le_bytes());
        head[8] = self.kind as u8;
        head[9] = self.codec.byte();
        head[10..12].copy_from_slice(&unsettled.to_le_bytes());
        head[12..16].copy_from_slice(&self.method.0.to_le_bytes());
        let words = [self.group.0, self.index, self.term, self.time, session, sequence];
        for (at, word) in words.into_iter().enumerate() {
            head[16 + at * 8..24 + at * 8].copy_from_slice(&word.to_le_bytes());
        }
        head[64..68].copy_from_slice(&line.to_le_bytes());
        head[68..72].copy_from_slice(&self.key_len.to_le_bytes());
        out.extend_from_slice(&head);
        out.extend_from_slice(body);
    }
}

/// The offset of the length until the frame is finished. There it directly precedes all other bytes that the checksum
/// covers, so one pass computes the checksum.
const UNFINISHED_LENGTH: std::ops::Range<usize> = 4..8;

/// Writes the checksum and the length of a frame to their final offsets.
pub(super) fn finish(frame: &mut [u8]) {
    let checksum = crc32c(&frame[4..]);
    frame.copy_within(UNFINISHED_LENGTH, 0);
    frame[4..8].copy_from_slice(&checksum.to_le_bytes());
}

/// Returns the length of the frame at the front of `frames`, which is not finished.
pub(super) fn unfinished_len(frames: &[u8]) -> usize {
    frame_len(&frames[UNFINISHED_LENGTH]).expect("a frame that was put")
}

/// A frame with verified fields, and the bytes it was read from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    /// The fixed fields.
    pub header: Header,
    /// The key, then the payload.
    pub body: &'a [u8],
    /// The whole frame.
    pub bytes: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Verifies and reads the frame at the front of `bytes`. Other frames may follow it.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Frame<'a>, Malformed> {
        let length = frame_len(bytes)?;
        let bytes = Cursor::new(bytes).take(length)?;
        let found = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
        let computed = checksum(bytes);
        if found != computed {
            return Err(Malformed::Checksum { found, computed });
        }
        Frame::read(bytes)
    }

    /// Reads the frame at the front of `bytes` without verifying its checksum: for bytes that this process made or
    /// verified before.
    pub(crate) fn trusted(bytes: &'a [u8]) -> Result<Frame<'a>, Malformed> {
        let length = frame_len(bytes)?;
        Frame::read(Cursor::new(bytes).take(length)?)
    }

    fn read(bytes: &'a [u8]) -> Result<Frame<'a>, Malformed> {
        let mut cursor = Cursor::new(&bytes[8..]);
        let (kind, codec) = (Kind::from_byte(cursor.u8()?)?, Codec::from_byte(cursor.u8()?)?);
        let (unsettled, method) = (u64::from(cursor.u16()?), MethodId(cursor.u32()?));
        let (group, index, term) = (GroupId(cursor.u64()?), cursor.u64()?, cursor.u64()?);
        let (time, session, sequence) = (cursor.u64()?, cursor.u64()?, cursor.u64()?);
        let (line, key_len) = (cursor.u32()?, cursor.u32()?);
        let settled = sequence
            .checked_sub(unsettled)
            .ok_or(Malformed::Value { field: "frame unsettled", found: unsettled })?;
        let body = cursor.rest();
        let limit = KEY_MAX.min(body.len());
        if key_len as usize > limit {
            return Err(Malformed::TooLong { limit, found: key_len as usize });
        }
        let stamp = Stamp { session, line, sequence, settled };
        let header = Header { kind, codec, group, index, term, time, stamp, method, key_len };
        Ok(Frame { header, body, bytes })
    }

    /// Returns the command in the frame.
    pub(crate) fn command(&self) -> Command<&'a [u8]> {
        Command { method: self.header.method, key_len: self.header.key_len, body: self.body }
    }

    /// Returns the frames packed in `bytes`, without verifying checksums. Ends after the first error.
    pub(crate) fn all_trusted(bytes: &'a [u8]) -> impl Iterator<Item = Result<Frame<'a>, Malformed>> {
        Packed { rest: bytes, read: Frame::trusted }
    }

    /// Returns the frames packed in `bytes`, each verified. Ends after the first error.
    pub(crate) fn all(bytes: &'a [u8]) -> impl Iterator<Item = Result<Frame<'a>, Malformed>> {
        Packed { rest: bytes, read: Frame::parse }
    }
}

/// An iterator over packed frames, up to the first error.
struct Packed<'a> {
    rest: &'a [u8],
    read: fn(&'a [u8]) -> Result<Frame<'a>, Malformed>,
}

impl<'a> Iterator for Packed<'a> {
    type Item = Result<Frame<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let read = (self.read)(self.rest);
        self.rest = read.as_ref().map_or(&[], |frame| &self.rest[frame.bytes.len()..]);
        Some(read)
    }
}

/// Returns the length that the frame at the front of `bytes` claims. Only the limits are checked.
pub(crate) fn frame_len(bytes: &[u8]) -> Result<usize, Malformed> {
    let length = Cursor::new(bytes).u32()? as usize;
    if length > FRAME_MAX {
        return Err(Malformed::TooLong { limit: FRAME_MAX, found: length });
    }
    if length < HEADER_LEN {
        return Err(Malformed::Value { field: "frame length", found: length as u64 });
    }
    Ok(length)
}

/// Returns the checksum of a whole frame, without the checksum field itself.
pub(crate) fn checksum(frame: &[u8]) -> u32 {
    crc32c_around(&frame[..4], &frame[8..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (Header, Vec<u8>) {
        let header = Header {
            codec: Codec::Bincode,
            method: MethodId::of("deposit"),
            stamp: Stamp { session: 9, line: 2, sequence: 70_000, settled: 70_000 - UNSETTLED_MAX },
            key_len: 4,
            ..Header::bare(Kind::Command, GroupId::of("bank", 0), 3, 17, 1_000_000)
        };
        let mut bytes = Vec::new();
        header.encode(b"\x03ada\x64", &mut bytes);
        (header, bytes)
    }

    #[test]
    fn reads_back_what_was_written() {
        let (header, bytes) = sample();
        let frame = Frame::parse(&bytes).unwrap();
        assert_eq!((frame.header, frame.body), (header, &b"\x03ada\x64"[..]));
    }

    #[test]
    fn whatever_its_codec_and_kind_a_frame_reads_back() {
        for kind in Kind::ALL {
            let header = Header::bare(kind, GroupId(1), 1, 1, 0);
            for codec in [Codec::None, Codec::Bincode, Codec::Own(128), Codec::Own(255)] {
                let (header, mut bytes) = (Header { codec, ..header }, Vec::new());
                header.encode(&[], &mut bytes);
                assert_eq!(Frame::parse(&bytes).unwrap().header, header);
            }
        }
    }

    #[test]
    fn what_no_frame_says_is_refused_under_a_right_checksum() {
        let (_, bytes) = sample();
        let refused = |at: usize, value: u8| {
            let mut forged = bytes.clone();
            forged[at] = value;
            let checksum = checksum(&forged);
            forged[4..8].copy_from_slice(&checksum.to_le_bytes());
            Frame::parse(&forged).is_err()
        };
        assert!(!refused(8, 1) && refused(8, 0) && refused(8, 12), "kinds");
        assert!(refused(9, 2) && refused(9, 127) && !refused(9, 128), "codecs");
        assert!(refused(58, 0), "more unsettled than there are");
        assert!(refused(68, 6) && refused(71, 1), "a key longer than the body");
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let (_, bytes) = sample();
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(Frame::parse(&damaged).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn every_truncation_is_noticed() {
        let (_, bytes) = sample();
        for end in 0..bytes.len() {
            assert!(Frame::parse(&bytes[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn the_largest_body_fits_and_one_byte_more_is_refused_by_its_length() {
        let mut bytes = Vec::new();
        Header::bare(Kind::Command, GroupId(1), 1, 1, 0).encode(&vec![0; BODY_MAX], &mut bytes);
        assert_eq!(Frame::parse(&bytes).unwrap().body.len(), BODY_MAX);
        let longer = (FRAME_MAX as u32 + 1).to_le_bytes();
        assert!(matches!(frame_len(&longer), Err(Malformed::TooLong { .. })));
    }
}
