//! CRC32C (Castagnoli, RFC 3720): what every format here is protected by.

use crc_fast::{CrcAlgorithm, Digest};

/// Over all of `bytes`.
pub(crate) fn crc32c(bytes: &[u8]) -> u32 {
    crc_fast::crc32_iscsi(bytes)
}

/// Over what `checksum` is of, and then `bytes`.
pub(crate) fn crc32c_append(checksum: u32, bytes: &[u8]) -> u32 {
    // The library's state is what is shifted, before the last inversion.
    let digest = Digest::new_with_init_state(CrcAlgorithm::Crc32Iscsi, u64::from(!checksum));
    finish(digest, bytes)
}

/// Over two pieces, one behind the other: what lies on both sides of a checksum.
pub(crate) fn crc32c_around(before: &[u8], behind: &[u8]) -> u32 {
    let mut digest = Digest::new(CrcAlgorithm::Crc32Iscsi);
    digest.update(before);
    finish(digest, behind)
}

/// Whether the sums of this program on this processor are right, at lengths that take every road of the library: one that
/// is chosen by what the processor can do is not among those that were tested elsewhere.
pub(crate) fn is_sound() -> bool {
    let bytes: Vec<u8> = (0..KNOWN.len() as u32).flat_map(|at| [at as u8; 1_031]).collect();
    let known = |(at, sum): (usize, &u32)| crc32c(&bytes[at..][..KNOWN_LEN[at]]) == *sum;
    KNOWN.iter().enumerate().all(known)
}

/// Lengths of the pieces that [`is_sound`] sums, each of which begins one byte farther on.
const KNOWN_LEN: [usize; 6] = [7, 79, 320, 700, 1_500, 6_001];
/// Their sums, by the definition.
const KNOWN: [u32; 6] = [0xbb3e_6a6d, 0xded1_db63, 0xfc2a_5dcc, 0x9ac4_4581, 0x84f0_04cf, 0x5b95_44a0];

fn finish(mut digest: Digest, bytes: &[u8]) -> u32 {
    digest.update(bytes);
    digest.finalize() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3720, appendix B.4, and the check value of the catalogue.
    #[test]
    fn it_is_crc32c() {
        assert_eq!(crc32c(&[]), 0);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        let ascending: Vec<u8> = (0..32).collect();
        assert_eq!(crc32c(&ascending), 0x46dd_794e);
    }

    /// The library takes other roads for other lengths; the bit by bit definition has one.
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

    #[test]
    fn known_sums_are_those_of_the_definition() {
        let bytes: Vec<u8> = (0..KNOWN.len() as u32).flat_map(|at| [at as u8; 1_031]).collect();
        let sums = KNOWN_LEN.iter().enumerate().map(|(at, len)| bit_by_bit(&bytes[at..][..*len]));
        assert_eq!(sums.collect::<Vec<_>>(), KNOWN);
        assert!(is_sound());
    }

    fn bit_by_bit(bytes: &[u8]) -> u32 {
        let step = |sum: u32, byte: &u8| {
            (0..8)
                .fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0x82f6_3b78 & (sum & 1).wrapping_neg()))
        };
        !bytes.iter().fold(!0, step)
    }
}
