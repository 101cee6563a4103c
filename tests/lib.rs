//! Tests that cross the layers of `copycat`; each file beside this one is a test program. [`targets`] holds the code
//! that fuzz targets and tests share.

pub mod targets;
