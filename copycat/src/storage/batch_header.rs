//! The header of a batch: what one write puts in front of its frames.
//!
//! ```text
//!  offset size  field
//!       0    4  magic            "CCB2"
//!       4    4  checksum         CRC32C of the magic and of everything after this field
//!       8    8  salt             of the segment
//!      16    8  position         of this header in the journal
//!      24    8  durable          position up to which everything was durable when this was written
//!      32    4  length           bytes after this header, padding not counted
//!      36    4  count            frames in them; 0 in a checkpoint
//!      40    4  body checksum    CRC32C over the first 8 bytes (length, checksum) of each frame; in a
//!                                checkpoint over the whole body
//!      44    4  previous         checksum of the header before this one: the previous batch's, or the
//!                                segment's for its first batch
//!      48    1  kind             1 frames, 2 checkpoint
//!      49   15  reserved         0
//! ```
//!
//! `FORMAT.md` gives the reason for each field.

use super::position::Position;
use crate::codec::checksum::{crc32c, crc32c_append, crc32c_around};
use crate::codec::cursor::{Cursor, Malformed};
use crate::codec::entries::FramePrefix;
use crate::codec::frame::{Frame, Header, Kind};
use crate::codec::ids::{GroupId, MemberId};
use crate::codec::terms::LogId;

/// Bytes of a batch header.
pub(crate) const BATCH_HEADER_LEN: usize = 64;

const MAGIC: u32 = u32::from_le_bytes(*b"CCB2");

const _: () = assert!(BATCH_HEADER_LEN <= 512, "a header lies in one sector: it is there, or it is not");

/// The kind of a batch's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum BatchKind {
    /// Packed frames; possibly none.
    Frames = 1,
    /// The state of all groups.
    Checkpoint = 2,
}

/// The fixed fields of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BatchHeader {
    /// The salt of the segment that the batch was written to.
    pub salt: u64,
    /// The position of the header itself.
    pub position: Position,
    /// The position up to which the journal was durable when the batch was written.
    pub durable: Position,
    /// Bytes of the body.
    pub length: u32,
    /// Number of frames in the body.
    pub count: u32,
    /// The checksum of the body, see the module.
    pub body_checksum: u32,
    /// The checksum of the header before this one.
    pub previous: u32,
    /// The kind of the body.
    pub kind: BatchKind,
}

impl BatchHeader {
    /// Returns the bytes of the header, and its checksum.
    pub(crate) fn encode(&self) -> ([u8; BATCH_HEADER_LEN], u32) {
        assert!(
            self.durable <= self.position,
            "{} is durable before the batch at {}",
            self.durable,
            self.position
        );
        let mut bytes = [0; BATCH_HEADER_LEN];
        bytes[0..4].copy_from_slice(&MAGIC.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.salt.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.position.0.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.durable.0.to_le_bytes());
        bytes[32..36].copy_from_slice(&self.length.to_le_bytes());
        bytes[36..40].copy_from_slice(&self.count.to_le_bytes());
        bytes[40..44].copy_from_slice(&self.body_checksum.to_le_bytes());
        bytes[44..48].copy_from_slice(&self.previous.to_le_bytes());
        bytes[48] = self.kind as u8;
        let checksum = checksum(&bytes);
        bytes[4..8].copy_from_slice(&checksum.to_le_bytes());
        (bytes, checksum)
    }

    /// Verifies and reads the header at the front of `bytes`. Returns it with its checksum.
    pub(crate) fn parse(bytes: &[u8]) -> Result<(BatchHeader, u32), Malformed> {
        let bytes = Cursor::new(bytes).take(BATCH_HEADER_LEN)?;
        let mut cursor = Cursor::new(bytes);
        let magic = cursor.u32()?;
        if magic != MAGIC {
            return Err(Malformed::Value { field: "batch magic", found: magic.into() });
        }
        let (found, computed) = (cursor.u32()?, checksum(bytes));
        if found != computed {
            return Err(Malformed::Checksum { found, computed });
        }
        let (salt, position, durable) = (cursor.u64()?, Position(cursor.u64()?), Position(cursor.u64()?));
        let (length, count) = (cursor.u32()?, cursor.u32()?);
        let (body_checksum, previous) = (cursor.u32()?, cursor.u32()?);
        let kind = match cursor.u8()? {
            1 => BatchKind::Frames,
            2 => BatchKind::Checkpoint,
            found => return Err(Malformed::Value { field: "batch kind", found: found.into() }),
        };
        if cursor.rest().iter().any(|byte| *byte != 0) {
            return Err(Malformed::Value { field: "batch reserved", found: 1 });
        }
        let header = BatchHeader { salt, position, durable, length, count, body_checksum, previous, kind };
        Ok((header, found))
    }

    /// Returns the length that the batch takes in its segment, in bytes, padding included.
    pub(crate) fn extent(&self) -> u64 {
        super::position::align_up(BATCH_HEADER_LEN as u64 + u64::from(self.length))
    }

    /// Verifies the body against this header, and each frame in it. Afterwards `records` describes the frames in
    /// order; it is empty for a checkpoint. On an error its contents are meaningless.
    pub(crate) fn verify(&self, body: &[u8], records: &mut Vec<Record>) -> Result<(), Malformed> {
        assert_eq!(body.len(), self.length as usize, "the body is cut by the header");
        records.clear();
        let mut computed = 0;
        match self.kind {
            BatchKind::Checkpoint => computed = crc32c(body),
            BatchKind::Frames => {
                for frame in Frame::all(body) {
                    let frame = frame?;
                    computed = add_frame(computed, frame.bytes);
                    records.push(Record::of(&frame));
                }
                debug_assert_eq!(
                    records.iter().map(|record| record.len).sum::<u32>(),
                    self.length,
                    "intact frames fill the body"
                );
            }
        }
        if records.len() != self.count as usize {
            return Err(Malformed::Value { field: "batch count", found: self.count.into() });
        }
        if computed != self.body_checksum {
            return Err(Malformed::Checksum { found: self.body_checksum, computed });
        }
        Ok(())
    }
}

/// The fields of a frame that recovery needs: 48 bytes. A batch counts as a whole or not at all, so recovery keeps
/// these until all frames of the batch are verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// The kind of the frame.
    pub kind: Kind,
    /// Bytes of the frame.
    pub len: u32,
    /// The group of the frame.
    pub group: GroupId,
    /// The term and index of the frame.
    pub id: LogId,
    /// In a vote: the member that got it.
    pub vote: Option<MemberId>,
}

impl Record {
    fn of(frame: &Frame<'_>) -> Record {
        let Header { kind, group, index, term, .. } = frame.header;
        let vote = if kind == Kind::Vote { frame.header.voted_for() } else { None };
        Record { kind, len: frame.bytes.len() as u32, group, id: LogId { term, index }, vote }
    }
}

/// Returns the body checksum extended by one frame. It covers the frame's length and its own checksum. Frames cover
/// their own bytes, so no payload is read twice.
pub(crate) fn add_frame(checksum: u32, frame: &[u8]) -> u32 {
    crc32c_append(checksum, &frame[..size_of::<FramePrefix>()])
}

/// Returns whether a header may begin here.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn begins(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC.to_le_bytes())
}

/// Returns the checksum of a whole header, without the checksum field itself.
pub(crate) fn checksum(header: &[u8]) -> u32 {
    crc32c_around(&header[..4], &header[8..BATCH_HEADER_LEN])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_was_written_and_notices_every_flipped_bit() {
        let (position, durable) = (Position(8_192), Position(4_096));
        let kind = BatchKind::Frames;
        let header = BatchHeader {
            salt: 7,
            position,
            durable,
            length: 9,
            count: 1,
            body_checksum: 3,
            previous: 4,
            kind,
        };
        let (bytes, checksum) = header.encode();
        assert_eq!(BatchHeader::parse(&bytes), Ok((header, checksum)));
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes;
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(BatchHeader::parse(&damaged).is_err(), "bit {bit}");
        }
    }
}
