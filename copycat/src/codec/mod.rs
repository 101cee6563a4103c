//! Bytes to values and back: frames, checksums, length limits, and the encoding of user values.
//!
//! This floor knows no file, no socket and no rule of consensus; everything above shares its
//! vocabulary ([`ids`], [`terms`], [`log_shape`], [`configuration`]). Untrusted bytes are bounded here before any
//! memory is taken for them. It is the only place that knows which serialization library is used.
//!
//! Begin with [`frame`]: the one layout that is stored, sent and stored again.

pub(crate) mod access;
pub(crate) mod checksum;
pub(crate) mod command;
pub(crate) mod configuration;
pub(crate) mod cursor;
pub(crate) mod entries;
pub(crate) mod frame;
pub(crate) mod ids;
pub(crate) mod log_shape;
pub(crate) mod payload;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod seal;
pub(crate) mod terms;
pub(crate) mod value;
