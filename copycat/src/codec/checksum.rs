//! CRC32C (Castagnoli, RFC 3720), which protects all file and wire formats.

/// Returns the checksum of `bytes`.
pub(crate) fn crc32c(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes)
}

/// Continues `checksum` with `bytes`.
pub(crate) fn crc32c_append(checksum: u32, bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(checksum, bytes)
}

/// Returns the checksum of two pieces together: the bytes before and after a checksum field.
pub(crate) fn crc32c_around(before: &[u8], behind: &[u8]) -> u32 {
    let length = before.len() + behind.len();
    if length > SHORT {
        return crc32c_append(crc32c(before), behind);
    }
    // Two computations, or one over bytes that are not aligned, cost more than a copy of so few bytes.
    let mut whole = Aligned([0; SHORT]);
    whole.0[..before.len()].copy_from_slice(before);
    whole.0[before.len()..length].copy_from_slice(behind);
    crc32c(&whole.0[..length])
}

/// The most bytes that are copied for one computation.
const SHORT: usize = 64;

/// Bytes that the processor reads eight at a time.
#[repr(align(8))]
struct Aligned([u8; SHORT]);

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks against RFC 3720, appendix B.4, and the check value of the catalogue.
    #[test]
    fn it_is_crc32c() {
        assert_eq!(crc32c(&[]), 0);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        let ascending: Vec<u8> = (0..32).collect();
        assert_eq!(crc32c(&ascending), 0x46dd_794e);
    }

    /// The library has several code paths for different lengths. They are compared with the bitwise definition.
    #[test]
    fn pieces_of_every_length_sum_up_to_the_whole() {
        let bytes: Vec<u8> = (0..5u32 << 20).map(|at| (at * 31 % 251) as u8).collect();
        for len in (0..600).chain([1_023, 1_024, 1_500, 65_537, (4 << 20) + 72]) {
            let bytes = &bytes[len % 7..][..len];
            let whole = bit_by_bit(bytes);
            assert_eq!(crc32c(bytes), whole, "{len} bytes");
            for cut in [0, len / 3, len.min(4), len] {
                let (before, behind) = bytes.split_at(cut);
                assert_eq!(crc32c_append(crc32c(before), behind), whole, "{len} bytes cut at {cut}");
                assert_eq!(crc32c_around(before, behind), whole, "{len} bytes cut at {cut}");
            }
        }
    }

    fn bit_by_bit(bytes: &[u8]) -> u32 {
        let step = |sum: u32, byte: &u8| {
            (0..8)
                .fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0x82f6_3b78 & (sum & 1).wrapping_neg()))
        };
        !bytes.iter().fold(!0, step)
    }
}
