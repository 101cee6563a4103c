//! Rewrites lengths and checksums of arbitrary bytes, so that tests can forge valid frames.

use super::frame::{FRAME_MAX, HEADER_LEN, checksum};

/// Turns `bytes` into frames, one after the other. Each frame keeps the length it claims if that many bytes are left,
/// and otherwise takes all that are left. A rest too short for a header stays unchanged.
pub(crate) fn write_frame_checksums(bytes: &mut [u8]) {
    let mut rest = bytes;
    while rest.len() >= HEADER_LEN {
        let claimed = u32::from_le_bytes([rest[0], rest[1], rest[2], rest[3]]) as usize;
        let fits = (HEADER_LEN..=rest.len()).contains(&claimed);
        let length = if fits { claimed } else { rest.len() }.min(FRAME_MAX);
        let (frame, behind) = rest.split_at_mut(length);
        frame[..4].copy_from_slice(&(length as u32).to_le_bytes());
        let checksum = checksum(frame);
        frame[4..8].copy_from_slice(&checksum.to_le_bytes());
        rest = behind;
    }
}
