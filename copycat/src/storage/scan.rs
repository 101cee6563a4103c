//! Walks over the batches of one segment, and finds where they end.

use super::batch_header::{BATCH_HEADER_LEN, BatchHeader, Record};
use super::disk::Region;
use super::error::{Damage, DamageKind, DiskError};
use super::position::{BLOCK, Position, is_zero};
use super::segment::Segment;
use crate::codec::cursor::Malformed;
use std::sync::Arc;

/// Bytes of one read.
const WINDOW: u64 = 1 << 20;

/// A part of a region in memory. It is read and not mapped, so that an unreadable sector is an error and not a
/// signal.
struct Window<'a> {
    region: &'a dyn Region,
    start: u64,
    bytes: Vec<u8>,
}

impl Window<'_> {
    /// Returns bytes that lie within the region.
    fn get(&mut self, offset: u64, len: usize) -> Result<&[u8], DiskError> {
        let held = self.start <= offset && offset + len as u64 <= self.start + self.bytes.len() as u64;
        if !held {
            let wanted = (len as u64).max(WINDOW).min(self.region.len() - offset);
            assert!(wanted >= len as u64, "asked for bytes of the region");
            self.bytes.truncate(wanted as usize);
            if self.bytes.len() < wanted as usize {
                self.bytes = vec![0; wanted as usize];
            }
            self.region.read(offset, &mut self.bytes)?;
            self.start = offset;
        }
        let from = (offset - self.start) as usize;
        Ok(&self.bytes[from..from + len])
    }
}

/// A batch that is intact and follows the one before it.
pub(super) struct Found<'a> {
    pub header: BatchHeader,
    /// The offset of the header in the region.
    pub offset: u64,
    pub body: &'a [u8],
    /// The frames in the body.
    pub records: &'a [Record],
}

/// A torn tail: bytes that are taken for a write that had not ended. (Damage to the last batch looks the same.)
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cut {
    /// The file.
    pub file: String,
    /// The offset in the file, in bytes.
    pub offset: u64,
    /// Bytes of the tail. In a recycled file, only those that certainly belong to its present use.
    pub bytes: u64,
}

/// The bytes that follow the intact batches of a segment.
pub(super) struct Tail {
    /// The highest position that an intact header in the tail records as durable. If it is beyond the end of the
    /// intact batches, acknowledged bytes are lost: that is damage.
    pub durable: Position,
    /// The torn tail, if it is not damage; `None` if nothing follows.
    pub cut: Option<Cut>,
}

/// A walk over the batches of one segment.
pub(super) struct Scan<'a> {
    segment: &'a Segment,
    window: Window<'a>,
    offset: u64,
    /// Checksum of the last header; at first that of the segment's own.
    previous: u32,
    /// The frames of the last batch.
    records: Vec<Record>,
}

impl<'a> Scan<'a> {
    /// Begins at the segment's first batch.
    pub(super) fn new(segment: &'a Segment) -> Scan<'a> {
        assert_eq!(segment.header.len, segment.region.len(), "all of a segment is looked at, and no more");
        let window = Window { region: &*segment.region, start: 0, bytes: Vec::new() };
        Scan { segment, window, offset: BLOCK, previous: segment.checksum, records: Vec::new() }
    }

    /// Returns the region of the segment.
    pub(super) fn region(&self) -> Arc<dyn Region> {
        self.segment.region.clone()
    }

    /// Returns the offset after the last intact batch.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the position after the last intact batch.
    pub(super) fn position(&self) -> Position {
        Position(self.segment.header.base.0 + self.offset)
    }

    /// Returns the checksum of the last intact batch's header.
    pub(super) fn previous(&self) -> u32 {
        self.previous
    }

    /// Returns the next batch, or `None` if no intact batch follows.
    pub(super) fn next(&mut self) -> Result<Option<Found<'_>>, DiskError> {
        let Some((header, checksum)) = self.header_at(self.offset)? else { return Ok(None) };
        let (offset, space) = (self.offset, self.segment.header.len - self.offset);
        if header.previous != self.previous || header.extent() > space {
            return Ok(None);
        }
        let behind_header = offset + BATCH_HEADER_LEN as u64;
        let rest = self.window.get(behind_header, header.extent() as usize - BATCH_HEADER_LEN)?;
        let (body, padding) = rest.split_at(header.length as usize);
        if header.verify(body, &mut self.records).is_err() || !is_zero(padding) {
            return Ok(None);
        }
        self.offset += header.extent();
        assert!(
            self.offset.is_multiple_of(BLOCK) && self.offset <= self.segment.header.len,
            "batches are blocks"
        );
        self.previous = checksum;
        Ok(Some(Found { header, offset, body, records: &self.records }))
    }

    /// Returns the batch header at this offset, if it is intact and was written here in the present use of the file.
    fn header_at(&mut self, offset: u64) -> Result<Option<(BatchHeader, u32)>, DiskError> {
        assert!(offset.is_multiple_of(BLOCK) && offset >= BLOCK, "batches begin on blocks behind the header");
        if offset + BLOCK > self.segment.header.len {
            return Ok(None);
        }
        let position = Position(self.segment.header.base.0 + offset);
        let salt = self.segment.header.salt;
        let parsed = BatchHeader::parse(self.window.get(offset, BATCH_HEADER_LEN)?).ok();
        Ok(parsed.filter(|(header, _)| header.salt == salt && header.position == position))
    }

    /// Examines everything after the last intact batch.
    pub(super) fn tail(&mut self) -> Result<Tail, DiskError> {
        let (mut durable, mut torn) = (Position(0), 0);
        for offset in (self.offset..self.segment.header.len).step_by(BLOCK as usize) {
            if let Some((header, _)) = self.header_at(offset)? {
                durable = durable.max(header.durable);
                torn = torn.max(offset - self.offset + header.extent());
            }
            let block = self.window.get(offset, BLOCK as usize)?;
            let ours = if self.segment.header.recycled {
                block[8..16] == self.segment.header.salt.to_le_bytes()
            } else {
                !is_zero(block)
            };
            if ours {
                torn = torn.max(offset - self.offset + BLOCK);
            }
        }
        let bytes = torn.min(self.segment.header.len - self.offset);
        assert!(bytes.is_multiple_of(BLOCK), "a tail is torn by blocks");
        let file = || self.segment.region.to_string();
        let cut = (bytes > 0).then(|| Cut { file: file(), offset: self.offset, bytes });
        Ok(Tail { durable, cut })
    }

    /// Returns damage at the end of the intact batches.
    pub(super) fn damage(&self, kind: DamageKind) -> Damage {
        damage(self.segment, self.offset, kind)
    }
}

/// Returns damage at an offset of a segment.
pub(super) fn damage(segment: &Segment, offset: u64, kind: impl Into<DamageKind>) -> Damage {
    Damage { file: segment.region.to_string(), offset, kind: kind.into() }
}

/// Returns a contradiction at an offset of a segment.
pub(super) fn contradiction(segment: &Segment, offset: u64, what: &'static str) -> Damage {
    damage(segment, offset, DamageKind::Contradiction(what))
}

/// Returns a function that reports a malformed record at an offset of a segment.
pub(super) fn malformed(segment: &Segment, offset: u64) -> impl Fn(Malformed) -> Damage + '_ {
    move |what| damage(segment, offset, what)
}
