//! Bytes as an argument of a method.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Borrowed bytes. They are encoded in one piece, where serde would encode a plain slice byte by byte, and decoded in
/// place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slice<'a>(pub &'a [u8]);

impl Serialize for Slice<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Slice<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&[u8]>::deserialize(deserializer).map(Slice)
    }
}
