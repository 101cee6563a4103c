//! Bytes to values and back: frames, checksums, length limits, and the encoding of user values.
//!
//! This layer knows no file, no socket and no rule of consensus. All layers above use its types ([`ids`], [`terms`],
//! [`log_shape`], [`configuration`]). It checks the lengths that untrusted bytes claim before it allocates memory for
//! them. No other layer knows which serialization library is used.
//!
//! Begin with [`frame`]: the one layout of an entry in the journal and on the wire.

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
