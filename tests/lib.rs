//! Tests that cross the floors of `copycat`; each file beside this one is a test program.
