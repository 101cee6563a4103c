//! The small file beside the journal that says who this member is.

use super::Verdict;
use crate::node::identity::Identity;

/// Reads an identity file.
pub fn identity(bytes: &[u8]) -> Verdict {
    let sealed = [bytes, &crc32c::crc32c(bytes).to_le_bytes()].concat();
    record(bytes).or(record(&sealed))
}

fn record(bytes: &[u8]) -> Verdict {
    let Ok(identity) = Identity::decode(bytes) else { return Verdict::Refused };
    assert_eq!(identity.encode(), bytes, "one identity, one encoding");
    assert!(identity.generation.checked_add(1).is_some(), "the next start is counted");
    Verdict::Accepted
}
