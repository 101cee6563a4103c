//! How a request touches the state, said once for all floors.

/// What a read must reflect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Consistency {
    /// Every write that was acknowledged, anywhere, before the read began: the leader confirms its
    /// leadership with a majority first (ReadIndex, Raft §6.4 of the thesis). Confirmations are shared.
    #[default]
    Strict,
    /// The same, as long as no clock runs away: the leader answers at once while a majority has promised
    /// not to elect another.
    Lease,
    /// Whatever the member asked has applied; possibly stale.
    Eventual,
}

/// How a request wants to touch the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Through the log.
    Write,
    /// Beside the log.
    Read(Consistency),
}
