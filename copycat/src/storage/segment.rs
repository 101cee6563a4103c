//! One segment: a region whose first block names its owner and its position in the journal.
//!
//! ```text
//!  offset size  field
//!       0    8  magic            "copycat\0"
//!       8    4  version          2
//!      12    4  checksum         CRC32C of the block without this field
//!      16    8  number           of the segment; also the file's name
//!      24    8  salt             random, new for each use of the file
//!      32    8  base             position of the segment's first byte in the journal
//!      40    8  length           of the segment in bytes
//!      48   16  disk id          random id of the member's data directory
//!      64    8  member           id of the member
//!      72    4  shard            number of the shard within the member
//!      76    1  recycled         1: bytes of an earlier use follow the batches; 0: zeroes
//!      77    3  reserved         0
//!      80   16  codec            "bincode 2.0.1", padded with zeroes
//!      96 4000  reserved         0
//! ```

use super::disk::Region;
use super::owner::Owner;
use super::position::{BLOCK, Position};
use crate::codec::checksum::crc32c_around;
use crate::codec::cursor::{Cursor, Malformed};
use crate::codec::ids::MemberId;
use bytes::Bytes;
use std::sync::Arc;

/// Version of the format of segments, batches, frames and checkpoints.
pub(crate) const VERSION: u32 = 2;

const MAGIC: [u8; 8] = *b"copycat\0";
const CODEC: [u8; 16] = *b"bincode 2.0.1\0\0\0";

/// The fields of a segment's first block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    /// Number of the segment. It grows by one from segment to segment.
    pub number: u64,
    /// Random number that distinguishes batches of this use of the file from those of earlier uses.
    pub salt: u64,
    /// Position of the segment's first byte.
    pub base: Position,
    /// Bytes of the segment, this block included.
    pub len: u64,
    /// Owner of the journal.
    pub owner: Owner,
    /// Whether bytes of an earlier use follow the batches.
    pub recycled: bool,
}

impl SegmentHeader {
    /// Returns the block and its checksum.
    pub(crate) fn encode(&self) -> (Bytes, u32) {
        assert!(self.base.is_block() && self.len.is_multiple_of(BLOCK), "segments are whole blocks");
        assert!(!self.recycled || self.number > 0, "the first segment was another one before");
        let mut block = vec![0; BLOCK as usize];
        block[0..8].copy_from_slice(&MAGIC);
        block[8..12].copy_from_slice(&VERSION.to_le_bytes());
        block[16..24].copy_from_slice(&self.number.to_le_bytes());
        block[24..32].copy_from_slice(&self.salt.to_le_bytes());
        block[32..40].copy_from_slice(&self.base.0.to_le_bytes());
        block[40..48].copy_from_slice(&self.len.to_le_bytes());
        block[48..64].copy_from_slice(&self.owner.disk_id.to_le_bytes());
        block[64..72].copy_from_slice(&self.owner.member.0.to_le_bytes());
        block[72..76].copy_from_slice(&self.owner.shard.to_le_bytes());
        block[76] = self.recycled.into();
        block[80..96].copy_from_slice(&CODEC);
        let checksum = checksum(&block);
        block[12..16].copy_from_slice(&checksum.to_le_bytes());
        (block.into(), checksum)
    }

    /// Reads a block whose version is [`VERSION`]. Returns the header and its checksum.
    pub(crate) fn parse(block: &[u8]) -> Result<(SegmentHeader, u32), Malformed> {
        let block = Cursor::new(block).take(BLOCK as usize)?;
        let mut cursor = Cursor::new(&block[12..]);
        let (found, computed) = (cursor.u32()?, checksum(block));
        if block[..8] != MAGIC {
            return Err(Malformed::Value { field: "segment magic", found: block[0].into() });
        }
        if found != computed {
            return Err(Malformed::Checksum { found, computed });
        }
        let (number, salt, base, len) =
            (cursor.u64()?, cursor.u64()?, Position(cursor.u64()?), cursor.u64()?);
        let disk_id = u128::from(cursor.u64()?) | u128::from(cursor.u64()?) << 64;
        let owner = Owner { disk_id, member: MemberId(cursor.u64()?), shard: cursor.u32()? };
        let recycled = match cursor.u8()? {
            0 => false,
            1 => true,
            found => return Err(Malformed::Value { field: "segment recycled", found: found.into() }),
        };
        cursor.take(3)?;
        if cursor.take(CODEC.len())? != CODEC {
            return Err(Malformed::Value { field: "segment codec", found: block[80].into() });
        }
        Ok((SegmentHeader { number, salt, base, len, owner, recycled }, found))
    }

    /// Returns the version in an intact block. The other fields are not examined.
    pub(crate) fn version(block: &[u8]) -> Option<u32> {
        let intact = block.get(..8)? == MAGIC && block.get(12..16)? == checksum(block).to_le_bytes();
        intact.then(|| u32::from_le_bytes([block[8], block[9], block[10], block[11]]))
    }
}

/// Returns the checksum of a whole block, without the checksum field itself.
pub(crate) fn checksum(block: &[u8]) -> u32 {
    crc32c_around(&block[..12], &block[16..])
}

/// An open segment.
#[derive(Debug)]
pub(crate) struct Segment {
    /// The fields of its first block.
    pub header: SegmentHeader,
    /// Checksum of that block. The first batch repeats it.
    pub checksum: u32,
    /// Bytes of the segment. Slices hold it; see [`is_held`](Segment::is_held).
    pub region: Arc<dyn Region>,
}

impl Segment {
    /// Returns the position after the last byte, where the next segment begins.
    pub(crate) fn end(&self) -> Position {
        Position(self.header.base.0 + self.header.len)
    }

    /// Returns the offset in the region of a position that lies in the segment or is its end.
    pub(crate) fn offset(&self, position: Position) -> u64 {
        assert!(self.header.base <= position && position <= self.end(), "the position lies in the segment");
        position.0 - self.header.base.0
    }

    /// Returns whether a slice or batch still uses the region. Then it must not be overwritten.
    pub(crate) fn is_held(&self) -> bool {
        Arc::strong_count(&self.region) > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_was_written_and_notices_every_flipped_byte() {
        let owner = Owner { disk_id: 1 << 100 | 5, member: MemberId(3), shard: 2 };
        let header =
            SegmentHeader { number: 4, salt: 9, base: Position(1 << 30), len: 65_536, owner, recycled: true };
        let (block, checksum) = header.encode();
        assert_eq!(SegmentHeader::parse(&block), Ok((header, checksum)));
        for at in 0..block.len() {
            let mut damaged = block.to_vec();
            damaged[at] ^= 0x10;
            assert!(SegmentHeader::parse(&damaged).is_err(), "byte {at}");
            assert_eq!(SegmentHeader::version(&damaged), None);
        }
    }
}
