//! Bytes to values and back: frames, checksums, length limits, and the encoding of user values.
//!
//! This layer knows no file and no socket, and decides nothing about consensus. All layers above use its types
//! ([`ids`], [`terms`], [`log_shape`], [`configuration`]). These hold what all layers must agree on: how two log ends
//! compare, that terms never fall along a log, who votes. It checks the lengths that untrusted bytes claim before it
//! allocates memory for them. No other layer calls the serialization library.
//!
//! Begin with [`frame`]: the one layout of an entry in the journal and on the wire.

pub(crate) mod access;
pub(crate) mod checksum;
pub(crate) mod command;
pub(crate) mod configuration;
pub(crate) mod cursor;
pub(crate) mod entries;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod forge;
pub(crate) mod frame;
pub(crate) mod group_map;
pub(crate) mod ids;
pub(crate) mod log_shape;
pub(crate) mod payload;
pub(crate) mod shape;
pub(crate) mod terms;
pub(crate) mod value;
pub(crate) mod writable;
