//! Forges segments whose checksums are valid and whose contents are arbitrary, as an attacker could write them and a
//! disk would not. For tests only.

use super::batch_header::{self, BATCH_HEADER_LEN, BatchHeader, BatchKind};
use super::history::owner;
use super::position::{BLOCK, Position, align_up};
use super::segment::{self, SegmentHeader};
use crate::codec::checksum::crc32c;
use crate::codec::forge::write_frame_checksums;
use crate::codec::frame::Frame;

/// Returns a first segment of `len` bytes with these batches, as many as fit.
pub(crate) fn image(batches: &[(BatchKind, Vec<u8>)], len: usize) -> Vec<u8> {
    let header = SegmentHeader {
        number: 0,
        salt: 9,
        base: Position(0),
        len: len as u64,
        owner: owner(),
        recycled: false,
    };
    let (mut image, mut durable) = (header.encode().0.to_vec(), Position(0));
    for (kind, body) in batches {
        let (position, length) = (Position(image.len() as u64), body.len() as u32);
        let (salt, count, body_checksum, previous) = (header.salt, 0, 0, 0);
        let batch =
            BatchHeader { salt, position, durable, length, count, body_checksum, previous, kind: *kind };
        if position.0 + batch.extent() > header.len {
            break;
        }
        image.extend_from_slice(&batch.encode().0);
        image.extend_from_slice(body);
        image.resize((position.0 + batch.extent()) as usize, 0);
        durable = Position(image.len() as u64);
    }
    image.resize(len, 0);
    write_checksums(&mut image);
    image
}

/// Rewrites all checksums of a segment, including the chain of its batches, and its padding. There must be at least a
/// block.
pub(crate) fn write_checksums(image: &mut [u8]) {
    let mut previous = segment::checksum(&image[..BLOCK as usize]);
    image[12..16].copy_from_slice(&previous.to_le_bytes());
    let mut offset = BLOCK as usize;
    while offset + BATCH_HEADER_LEN < image.len() {
        let length = u32::from_le_bytes([32, 33, 34, 35].map(|at| image[offset + at])) as usize;
        let extent = align_up((BATCH_HEADER_LEN + length) as u64) as usize;
        if batch_header::begins(&image[offset..]) && offset + extent <= image.len() {
            previous = write_batch_checksums(&mut image[offset..offset + extent], length, previous);
            offset += extent;
        } else {
            offset += BLOCK as usize;
        }
    }
}

/// Rewrites the checksums of a batch. Returns the checksum of its header.
fn write_batch_checksums(batch: &mut [u8], length: usize, previous: u32) -> u32 {
    let (header, rest) = batch.split_at_mut(BATCH_HEADER_LEN);
    let (body, padding) = rest.split_at_mut(length);
    padding.fill(0);
    let (mut count, mut checksum) = (0u32, crc32c(body));
    if header[48] == BatchKind::Frames as u8 {
        write_frame_checksums(body);
        checksum = 0;
        for frame in Frame::all_trusted(body).map_while(Result::ok) {
            (count, checksum) = (count + 1, batch_header::add_frame(checksum, frame.bytes));
        }
    }
    header[36..40].copy_from_slice(&count.to_le_bytes());
    header[40..44].copy_from_slice(&checksum.to_le_bytes());
    header[44..48].copy_from_slice(&previous.to_le_bytes());
    let header_checksum = batch_header::checksum(header);
    header[4..8].copy_from_slice(&header_checksum.to_le_bytes());
    header_checksum
}
