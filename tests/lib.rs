//! Tests that cross the floors of `copycat`; each file beside this one is a test program. What fuzz targets and
//! tests have in common is in [`targets`].

pub mod targets;
