//! How a request touches the state: one type for all floors.

/// What a read must reflect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Consistency {
    /// Every write that was acknowledged, anywhere, before the read began: the leader confirms its
    /// leadership with a majority first (ReadIndex, Raft §6.4 of the thesis). Confirmations are shared.
    #[default]
    Strict,
    /// The same, if no clock is much too fast or too slow: the leader answers at once while a majority has promised
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
    Read(Consistency, ReadOrder),
}

/// Where a read stands among the calls of its client that are not answered yet. A line is what
/// [`Proxy::in_order`](crate::Proxy::in_order) makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadOrder {
    /// It belongs to no line: whatever is proposed around it, it may see.
    Unordered,
    /// It must not see what its line writes after it. Everything its line wrote before is answered.
    Ordered,
    /// The same, and it must see the writes of its line that stand before it and are not answered.
    AfterWrites,
}

impl Access {
    /// A read of no line.
    pub(crate) fn read(consistency: Consistency) -> Access {
        Access::Read(consistency, ReadOrder::Unordered)
    }

    /// The same as a call of a line, in which calls that it must not overtake are unanswered or are not.
    pub(crate) fn in_line(self, unanswered: bool) -> Access {
        match self {
            Access::Write => Access::Write,
            Access::Read(consistency, _) if unanswered => Access::Read(consistency, ReadOrder::AfterWrites),
            Access::Read(consistency, _) => Access::Read(consistency, ReadOrder::Ordered),
        }
    }

    /// Whether it is a read of no line.
    pub(crate) fn is_free(self) -> bool {
        matches!(self, Access::Read(_, ReadOrder::Unordered))
    }

    /// Whether a later read of the line must not overtake it: it is a write, or it waits for one itself.
    pub(crate) fn holds_place(self) -> bool {
        matches!(self, Access::Write | Access::Read(_, ReadOrder::AfterWrites))
    }

    /// Whether whatever the member asked has applied is good enough, and no leader is needed.
    pub(crate) fn is_local(self) -> bool {
        matches!(self, Access::Read(Consistency::Eventual, ReadOrder::Unordered | ReadOrder::Ordered))
    }
}
