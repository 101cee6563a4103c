//! How a request uses the state of a group: one type for all layers.

/// The writes that a read must reflect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Consistency {
    /// Every write that was acknowledged, anywhere, before the read began: the leader confirms its leadership with a
    /// majority first (ReadIndex, Raft §6.4 of the thesis). Reads share confirmations.
    #[default]
    Strict,
    /// Like [`Strict`](Self::Strict), as long as no clock is much too fast or too slow. The leader answers at once
    /// while a majority has promised not to elect another leader.
    Lease,
    /// What the member that received the read has applied; possibly stale.
    Eventual,
}

/// How a request uses the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// A write: it goes through the log.
    Write,
    /// A read: it is not stored in the log.
    Read(Consistency, ReadOrder),
}

/// The order of a read relative to the unanswered calls of its client. A line is the ordered sequence of one client's
/// calls that [`Proxy::in_order`](crate::Proxy::in_order) makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadOrder {
    /// The read belongs to no line and may see any concurrent write.
    Unordered,
    /// The read must not see later writes of its line. All earlier writes of its line are answered.
    Ordered,
    /// The read must not see later writes of its line, and it must see the earlier ones. An earlier call of the line
    /// that it must not overtake has no answer yet, in any partition, or was dropped before its answer.
    AfterWrites,
}

impl Access {
    /// Returns a read that belongs to no line.
    pub(crate) fn read(consistency: Consistency) -> Access {
        Access::Read(consistency, ReadOrder::Unordered)
    }

    /// Returns this access as a call of a line. `unanswered` says whether a call that it must not overtake is
    /// unanswered.
    pub(crate) fn in_line(self, unanswered: bool) -> Access {
        match self {
            Access::Write => Access::Write,
            Access::Read(consistency, _) if unanswered => Access::Read(consistency, ReadOrder::AfterWrites),
            Access::Read(consistency, _) => Access::Read(consistency, ReadOrder::Ordered),
        }
    }

    /// Returns whether this is a read that belongs to no line.
    pub(crate) fn is_unordered(self) -> bool {
        matches!(self, Access::Read(_, ReadOrder::Unordered))
    }

    /// Returns whether later reads of the line must not overtake this call: it is a write, or a read that waits for
    /// one.
    pub(crate) fn must_precede_later_reads(self) -> bool {
        matches!(self, Access::Write | Access::Read(_, ReadOrder::AfterWrites))
    }

    /// Returns whether the member that receives the read may answer from what it has applied, without the leader.
    pub(crate) fn is_local(self) -> bool {
        matches!(self, Access::Read(Consistency::Eventual, ReadOrder::Unordered | ReadOrder::Ordered))
    }
}
