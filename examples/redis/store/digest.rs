//! A digest of values.

use serde::{Deserialize, Serialize};
use std::hash::{DefaultHasher, Hasher};

/// A digest of values in their order. Equal digests of the same random salt mean equal values.
///
/// Members that were built by different versions of the compiler may compute different digests of equal values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Digest(u64);

impl Digest {
    /// Returns the digest of values, some of which do not exist.
    pub(crate) fn of<'a>(salt: u64, values: impl Iterator<Item = Option<&'a [u8]>>) -> Digest {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(salt);
        for value in values {
            // No value is that long.
            hasher.write_usize(value.map_or(usize::MAX, <[u8]>::len));
            hasher.write(value.unwrap_or_default());
        }
        Digest(hasher.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::Digest;

    #[test]
    fn other_values_have_another_digest() {
        let digest = |values: &[Option<&'static str>]| {
            Digest::of(7, values.iter().map(|value| value.map(str::as_bytes)))
        };
        let all = [
            digest(&[]),
            digest(&[None]),
            digest(&[Some("")]),
            digest(&[Some(""), None]),
            digest(&[None, Some("")]),
            digest(&[Some("ab"), Some("c")]),
            digest(&[Some("a"), Some("bc")]),
            digest(&[Some("abc")]),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(all[..at].iter().all(|other| other != one), "{at}");
        }
        assert_eq!(digest(&[Some("abc")]), all[7]);
        assert_ne!(Digest::of(8, [Some(&b"abc"[..])].into_iter()), all[7]);
    }
}
