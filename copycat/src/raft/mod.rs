//! The pure consensus core of one group.
