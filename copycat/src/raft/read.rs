//! Strict reads without a log entry: ReadIndex (thesis §6.4).

/// Names a strict read, or all that arrived up to it. Never reused, also not in a later leadership.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ReadTicket(pub u64);
