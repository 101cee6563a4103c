//! How much a shard holds, hands over and sends at a time.
//!
//! Production uses [`Bounds::DEFAULT`] and nothing else. The simulation draws them small, so that a log of some
//! kilobytes reaches every one of them.

/// The bounds of one shard. A bound that ends a batch is reached by what is longer, never cut short: a single
/// request or entry always fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Most requests of one group between their arrival and their answer. One more is `Busy`. Default 65,536: many
    /// times what commits during one flush.
    pub requests_max: usize,
    /// Bytes of arguments that one group keeps, at most, and one request more. Entries that wait for the disk are not
    /// counted. Default 64 MiB.
    pub argument_bytes_max: u64,
    /// Bytes of entries that wait for the disk, of all groups, at most. What comes beyond is proposed later. Default
    /// 64 MiB.
    pub backlog_bytes_max: u64,
    /// Bytes of entries that a group proposes in one turn; the rest waits for the next. What arrives during a flush
    /// forms one batch, but no batch shuts the others out. Default 4 MiB.
    pub proposed_bytes: usize,
    /// Bytes of requests in one message to the leader, if so many wait. Default 1 MiB.
    pub forwarded_bytes: usize,
    /// Bytes of entries in one message to a follower, or in one piece of work for the applier. Default 1 MiB.
    pub piece_bytes: usize,
    /// Bytes handed to the applier in one turn, of all groups; the rest waits for the next. Replaying many long logs
    /// holds up no heartbeat. Default 4 MiB.
    pub handed_bytes: usize,
    /// Bytes of one group that were handed to the applier and not applied yet. Replaying a long log takes no more memory
    /// than a short one. Default 4 MiB.
    pub ahead_bytes: u64,
    /// Entries that may wait for the next tick where nobody here waits for their results. Each hand-over wakes a thread,
    /// and on followers it wakes it for nobody. Default 256.
    pub lazy_entries: u64,
}

impl Bounds {
    /// What production uses.
    pub(crate) const DEFAULT: Bounds = Bounds {
        requests_max: 65_536,
        argument_bytes_max: 64 << 20,
        backlog_bytes_max: 64 << 20,
        proposed_bytes: 4 << 20,
        forwarded_bytes: 1 << 20,
        piece_bytes: 1 << 20,
        handed_bytes: 4 << 20,
        ahead_bytes: 4 << 20,
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
        let Bounds { proposed_bytes, forwarded_bytes, piece_bytes, handed_bytes, .. } = Bounds::DEFAULT;
        assert_eq!([proposed_bytes, forwarded_bytes, piece_bytes, handed_bytes], [4, 1, 1, 4].map(mib));
        let Bounds { argument_bytes_max, backlog_bytes_max, ahead_bytes, .. } = Bounds::DEFAULT;
        assert_eq!([argument_bytes_max, backlog_bytes_max, ahead_bytes], [64 << 20, 64 << 20, 4 << 20]);
    }
}
