//! One entry as it is stored, sent, and stored again.
//!
//! ```text
//!  offset size  field
//!       0    4  length        of the whole frame, this field included
//!       4    4  checksum      CRC32C of the length and of everything behind this field
//!       8    1  kind          see `Kind`
//!       9    1  flags         0; a reader refuses what it does not know
//!      10    1  codec         of key and payload: 0 none (hand-coded), 1 bincode 2.0.1 standard
//!      11    1  reserved      0
//!      12    4  method        id of the command; 0 where there is none
//!      16    8  group
//!      24    8  index
//!      32    8  term
//!      40    8  logged time   microseconds of the cluster clock
//!      48    8  session       0: none
//!      56    8  sequence      within the session
//!      64    4  key length
//!      68    4  reserved      0
//!      72    …  key           `key length` bytes: the encoded `#[key]` argument
//!       …    …  payload       the rest: the other arguments, in order
//! ```
//!
//! All fields little-endian. The length is covered by the checksum, so a forged or torn length can
//! not send a reader astray. Key and payload together are one encoded tuple (key first): no byte of
//! a command is written twice. `FORMAT.md` gives the reason for each field.

use super::checksum::{crc32c, crc32c_around};
use super::cursor::{Cursor, Malformed};
use super::ids::{GroupId, Index, MemberId, MethodId, Term};
use bytes::Bytes;

/// Bytes before key and payload.
pub(crate) const HEADER_LEN: usize = 72;
/// Most bytes key and payload may take together: 4 MiB.
pub(crate) const BODY_MAX: usize = 4 << 20;
/// Most bytes a key may take: 64 KiB.
pub(crate) const KEY_MAX: usize = 64 << 10;
/// Longest encoded result: whatever came in one command goes out in one answer, with what the answer says about it.
pub(crate) const RESULT_MAX: usize = BODY_MAX + KEY_MAX;
/// Longest frame.
pub(crate) const FRAME_MAX: usize = HEADER_LEN + BODY_MAX;

/// What a frame means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// A command of the user's state machine.
    Command = 1,
    /// The empty entry a new leader commits first (Raft §8).
    Noop = 2,
    /// Who votes; in force from the moment it is appended (Raft §6).
    Configuration = 3,
    /// Fingerprint of the group's commands and their argument shapes, written when it changes.
    Schema = 4,
    /// Term and vote of a group; in the journal only. `index` is 0, `session` holds the vote (0: none).
    Vote = 5,
}

impl Kind {
    fn from_byte(byte: u8) -> Result<Kind, Malformed> {
        Ok(match byte {
            1 => Kind::Command,
            2 => Kind::Noop,
            3 => Kind::Configuration,
            4 => Kind::Schema,
            5 => Kind::Vote,
            _ => return Err(Malformed::Value { field: "frame kind", found: byte.into() }),
        })
    }

    /// Whether frames of this kind are entries of a group's log.
    pub(crate) fn is_entry(self) -> bool {
        self != Kind::Vote
    }
}

/// How key and payload are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Codec {
    /// Hand-coded, or empty.
    None = 0,
    /// bincode 2.0.1, standard configuration.
    Bincode = 1,
}

/// The fixed fields of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// What the frame means.
    pub kind: Kind,
    /// How key and payload are encoded.
    pub codec: Codec,
    /// Id of the command; 0 where there is none.
    pub method: MethodId,
    /// Group the frame belongs to.
    pub group: GroupId,
    /// Index in the group's log; 0 for frames that are no entries.
    pub index: Index,
    /// Term of the leader that made the entry, or the term that a vote frame records.
    pub term: Term,
    /// Cluster clock, microseconds.
    pub time: u64,
    /// Session that sent the command; 0: none.
    pub session: u64,
    /// Number of the command within its session.
    pub sequence: u64,
    /// Bytes of the key, which come first in the body.
    pub key_len: u32,
}

impl Header {
    /// A frame of `kind` without a command.
    pub(crate) fn bare(kind: Kind, group: GroupId, term: Term, index: Index, time: u64) -> Header {
        let (codec, method) = (Codec::None, MethodId(0));
        Header { kind, codec, method, group, index, term, time, session: 0, sequence: 0, key_len: 0 }
    }

    /// The record of a group's term and vote.
    pub(crate) fn vote(group: GroupId, term: Term, vote: Option<MemberId>) -> Header {
        Header { session: vote.map_or(0, |member| member.0), ..Header::bare(Kind::Vote, group, term, 0, 0) }
    }

    /// The vote that a vote frame records.
    pub(crate) fn voted_for(&self) -> Option<MemberId> {
        (self.session != 0).then_some(MemberId(self.session))
    }

    /// Appends the whole frame. `body` is the key followed by the payload.
    ///
    /// The caller has checked the limits ([`BODY_MAX`], [`KEY_MAX`]) and answered its user; here
    /// they are asserted.
    pub(crate) fn encode(&self, body: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        self.put(body, out);
        seal(&mut out[start..]);
    }

    /// The whole frame, except that it is to be [sealed](seal).
    fn put(&self, body: &[u8], out: &mut Vec<u8>) {
        assert!(
            body.len() <= BODY_MAX && self.key_len as usize <= KEY_MAX.min(body.len()),
            "limits were checked"
        );
        let mut head = [0u8; HEADER_LEN];
        head[UNSEALED_LENGTH].copy_from_slice(&((HEADER_LEN + body.len()) as u32).to_le_bytes());
        head[8] = self.kind as u8;
        head[10] = self.codec as u8;
        head[12..16].copy_from_slice(&self.method.0.to_le_bytes());
        let words = [self.group.0, self.index, self.term, self.time, self.session, self.sequence];
        for (at, word) in words.into_iter().enumerate() {
            head[16 + at * 8..24 + at * 8].copy_from_slice(&word.to_le_bytes());
        }
        head[64..68].copy_from_slice(&self.key_len.to_le_bytes());
        out.extend_from_slice(&head);
        out.extend_from_slice(body);
    }
}

/// Where the length stands until a frame is sealed: right before everything else that the checksum is of, so that it is
/// made in one go.
const UNSEALED_LENGTH: std::ops::Range<usize> = 4..8;

/// Gives a frame its checksum, and puts the length where it belongs.
fn seal(frame: &mut [u8]) {
    let checksum = crc32c(&frame[4..]);
    frame.copy_within(UNSEALED_LENGTH, 0);
    frame[4..8].copy_from_slice(&checksum.to_le_bytes());
}

/// Frames on their way into one buffer, one behind the other. They are sealed last, all in a row: the processor then
/// sums several at a time, and waits for no byte that was only just written.
#[derive(Debug)]
pub(crate) struct Packer {
    frames: Vec<u8>,
}

impl Packer {
    /// For so many bytes of frames.
    pub(crate) fn with_capacity(bytes: usize) -> Packer {
        Packer { frames: Vec::with_capacity(bytes) }
    }

    /// Adds a frame. See [`Header::encode`].
    pub(crate) fn push(&mut self, header: &Header, body: &[u8]) {
        header.put(body, &mut self.frames);
    }

    /// All of them, whole.
    pub(crate) fn seal(mut self) -> Bytes {
        let mut rest = &mut self.frames[..];
        while !rest.is_empty() {
            let length = frame_len(&rest[UNSEALED_LENGTH]).expect("a frame that was put");
            let (frame, behind) = rest.split_at_mut(length);
            seal(frame);
            rest = behind;
        }
        self.frames.into()
    }
}

/// What a log has to know of a frame to store it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outline {
    /// What it means.
    pub kind: Kind,
    /// Whose log it belongs to.
    pub group: GroupId,
    /// Its index in that log.
    pub index: Index,
    /// Its term.
    pub term: Term,
}

impl Outline {
    /// The outlines of frames packed one behind the other, with their bytes; checksums, and all other fields, taken on
    /// trust. Ends after the first error.
    pub(crate) fn all(bytes: &[u8]) -> impl Iterator<Item = Result<(Outline, &[u8]), Malformed>> {
        Packed { rest: bytes, read: Outline::read, bytes_of: |(_, frame)| frame }
    }

    fn read(bytes: &[u8]) -> Result<(Outline, &[u8]), Malformed> {
        let length = frame_len(bytes)?;
        let frame = Cursor::new(bytes).take(length)?;
        let mut cursor = Cursor::new(&frame[16..40]);
        let (group, index, term) = (GroupId(cursor.u64()?), cursor.u64()?, cursor.u64()?);
        Ok((Outline { kind: Kind::from_byte(frame[8])?, group, index, term }, frame))
    }
}

/// A frame whose checksum and fields were verified, over the bytes it was read from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    /// Its fields.
    pub header: Header,
    /// The key, then the payload.
    pub body: &'a [u8],
    /// The whole frame.
    pub bytes: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Verifies and reads the frame at the front of `bytes`, which may be followed by others.
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

    /// The frame at the front of `bytes`, its checksum taken on trust: for bytes that this process
    /// made or verified before.
    pub(crate) fn trusted(bytes: &'a [u8]) -> Result<Frame<'a>, Malformed> {
        let length = frame_len(bytes)?;
        Frame::read(Cursor::new(bytes).take(length)?)
    }

    fn read(bytes: &'a [u8]) -> Result<Frame<'a>, Malformed> {
        let mut cursor = Cursor::new(&bytes[8..]);
        let kind = Kind::from_byte(cursor.u8()?)?;
        zero("frame flags", cursor.u8()?.into())?;
        let codec = match cursor.u8()? {
            0 => Codec::None,
            1 => Codec::Bincode,
            found => return Err(Malformed::Value { field: "frame codec", found: found.into() }),
        };
        zero("frame reserved", cursor.u8()?.into())?;
        let method = MethodId(cursor.u32()?);
        let (group, index, term) = (GroupId(cursor.u64()?), cursor.u64()?, cursor.u64()?);
        let (time, session, sequence) = (cursor.u64()?, cursor.u64()?, cursor.u64()?);
        let key_len = cursor.u32()?;
        zero("frame reserved", cursor.u32()?.into())?;
        let body = cursor.rest();
        let limit = KEY_MAX.min(body.len());
        if key_len as usize > limit {
            return Err(Malformed::TooLong { limit, found: key_len as usize });
        }
        let header = Header { kind, codec, method, group, index, term, time, session, sequence, key_len };
        Ok(Frame { header, body, bytes })
    }

    /// The frames packed one behind the other in `bytes`, checksums taken on trust.
    pub(crate) fn all_trusted(bytes: &'a [u8]) -> impl Iterator<Item = Result<Frame<'a>, Malformed>> {
        Packed { rest: bytes, read: Frame::trusted, bytes_of: |frame| frame.bytes }
    }

    /// The frames packed one behind the other in `bytes`, each verified. Ends after the first error.
    pub(crate) fn all(bytes: &'a [u8]) -> impl Iterator<Item = Result<Frame<'a>, Malformed>> {
        Packed { rest: bytes, read: Frame::parse, bytes_of: |frame| frame.bytes }
    }
}

/// What is read of frames packed one behind the other, up to the first error.
struct Packed<'a, T> {
    rest: &'a [u8],
    read: fn(&'a [u8]) -> Result<T, Malformed>,
    bytes_of: fn(&T) -> &'a [u8],
}

impl<T> Iterator for Packed<'_, T> {
    type Item = Result<T, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let read = (self.read)(self.rest);
        self.rest = read.as_ref().map_or(&[], |read| &self.rest[(self.bytes_of)(read).len()..]);
        Some(read)
    }
}

/// The length that the frame at the front of `bytes` claims, checked against the limits only.
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

/// Over a whole frame but the checksum itself.
pub(crate) fn checksum(frame: &[u8]) -> u32 {
    crc32c_around(&frame[..4], &frame[8..])
}

fn zero(field: &'static str, found: u64) -> Result<(), Malformed> {
    if found == 0 { Ok(()) } else { Err(Malformed::Value { field, found }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (Header, Vec<u8>) {
        let header = Header {
            codec: Codec::Bincode,
            method: MethodId::of("deposit"),
            session: 9,
            sequence: 4,
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
    fn what_is_packed_is_what_is_encoded() {
        let (header, mut one_by_one) = sample();
        let mut packer = Packer::with_capacity(0);
        packer.push(&header, b"\x03ada\x64");
        for (index, len) in [0, 1, 255, 70_000].into_iter().enumerate() {
            let header = Header::bare(Kind::Command, header.group, 4, index as Index, 0);
            let body = vec![7; len];
            header.encode(&body, &mut one_by_one);
            packer.push(&header, &body);
        }
        let packed = packer.seal();
        assert_eq!(packed, one_by_one);
        assert!(Frame::all(&packed).all(|frame| frame.is_ok()));
        assert!(Packer::with_capacity(9).seal().is_empty());
    }

    #[test]
    fn an_outline_says_what_the_frame_says() {
        let (header, mut bytes) = sample();
        let first = bytes.len();
        Header::bare(Kind::Configuration, header.group, 4, 18, 0).encode(b"voters", &mut bytes);
        let outlines: Vec<_> = Outline::all(&bytes).collect();
        let one = Outline { kind: Kind::Command, group: header.group, index: 17, term: 3 };
        let two = Outline { kind: Kind::Configuration, group: header.group, index: 18, term: 4 };
        assert_eq!(outlines, [Ok((one, &bytes[..first])), Ok((two, &bytes[first..]))]);
        assert!(matches!(Outline::all(&bytes[..bytes.len() - 1]).last(), Some(Err(_))), "cut off");
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
