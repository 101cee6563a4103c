//! Right lengths and checksums over whatever the bytes say: what an attacker would bring. For tests only.

use super::frame::{FRAME_MAX, HEADER_LEN, checksum};

/// Makes `bytes` frames, one behind the other. Each keeps the length it claims where so many bytes are there,
/// and takes all that is left otherwise; what is too short for a header stays as it is.
pub(crate) fn seal_frames(bytes: &mut [u8]) {
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
