//! The bounds on what a shard keeps, dispatches and sends at a time.
//!
//! Production uses [`Bounds::DEFAULT`] only. The simulation draws small bounds, so that a log of a few kilobytes
//! reaches every one of them.

/// The bounds of one shard. A batch may exceed its bound by its last element: a single request or entry is never split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Most requests of the shard between their arrival and their dispatch to the applier, reads until their answer. A
    /// group gets part of it; see the budget. The next request fails with `Busy`. Default 65,536: many times what
    /// commits during one flush.
    pub requests_max: usize,
    /// Most bytes of arguments that one group keeps, exceeded by one request at most. The bytes of proposed writes are
    /// not counted. Default 64 MiB.
    pub argument_bytes_max: u64,
    /// Most bytes of entries that wait for the disk, for all groups together. While there are more, no further entries
    /// are proposed. Default 64 MiB.
    pub backlog_bytes_max: u64,
    /// Bytes of entries that a group proposes in one turn; the rest waits for the next turn. Requests that arrive
    /// during a flush form one batch, but no batch keeps the other groups waiting for long. Default 4 MiB.
    pub proposed_bytes: usize,
    /// Bytes of requests in one message to the leader. Default 1 MiB.
    pub forwarded_bytes: usize,
    /// Bytes of entries in one message to a follower, or in one item of work for the applier. Default 1 MiB.
    pub piece_bytes: usize,
    /// Bytes dispatched to the applier in one turn, for all groups together; the rest waits for the next turn. So
    /// replaying many long logs delays no heartbeat. Default 4 MiB.
    pub dispatched_bytes: usize,
    /// Bytes of one group that are dispatched to the applier and not applied yet. So replaying a long log needs no more
    /// memory than a short one. Default 4 MiB.
    pub unapplied_bytes: u64,
    /// The number of committed entries that are dispatched without delay even if no caller on this member waits for
    /// their results. Fewer entries wait for a few milliseconds, because each dispatch wakes a thread, and on followers
    /// it does so for no caller. Default 256.
    pub lazy_entries: u64,
}

impl Bounds {
    /// The bounds that production uses.
    pub(crate) const DEFAULT: Bounds = Bounds {
        requests_max: 65_536,
        argument_bytes_max: 64 << 20,
        backlog_bytes_max: 64 << 20,
        proposed_bytes: 4 << 20,
        forwarded_bytes: 1 << 20,
        piece_bytes: 1 << 20,
        dispatched_bytes: 4 << 20,
        unapplied_bytes: 4 << 20,
        lazy_entries: 256,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_default_is_changed_by_accident() {
        let mib = |count: usize| count << 20;
        let Bounds { requests_max, lazy_entries, .. } = Bounds::DEFAULT;
        assert_eq!((requests_max, lazy_entries), (65_536, 256));
        let Bounds { proposed_bytes, forwarded_bytes, piece_bytes, dispatched_bytes, .. } = Bounds::DEFAULT;
        assert_eq!([proposed_bytes, forwarded_bytes, piece_bytes, dispatched_bytes], [4, 1, 1, 4].map(mib));
        let Bounds { argument_bytes_max, backlog_bytes_max, unapplied_bytes, .. } = Bounds::DEFAULT;
        assert_eq!([argument_bytes_max, backlog_bytes_max, unapplied_bytes], [64 << 20, 64 << 20, 4 << 20]);
    }
}
