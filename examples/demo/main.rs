//! Placeholder replaced by the demonstration.
fn main() {}
