//! Fuzzes the small file beside the journal that identifies the member.

use super::Verdict;
use crate::codec::checksum::crc32c;
use crate::node::identity::Identity;

/// Reads an identity file.
pub fn identity(bytes: &[u8]) -> Verdict {
    let intact = [bytes, &crc32c(bytes).to_le_bytes()].concat();
    record(bytes).or(record(&intact))
}

fn record(bytes: &[u8]) -> Verdict {
    let Ok(identity) = Identity::decode(bytes) else { return Verdict::Refused };
    let written = identity.encode();
    assert_eq!(Identity::decode(&written).as_ref(), Ok(&identity), "what is written is read");
    // The identity of an earlier version has fewer fields, and is written as the current one.
    if written.len() == bytes.len() {
        assert_eq!(written, bytes, "one identity, one encoding");
    }
    assert!(identity.generation.checked_add(1).is_some(), "the next start is counted");
    Verdict::Accepted
}
