//! How much of the shard's memory for requests each group uses.
//!
//! All groups share the budget of the shard: a thousand groups use as much as one could. A group is admitted while it
//! uses no more than what is then still free (Choudhury and Hahne, "Dynamic queue length thresholds", 1998). A group
//! that takes all it can get has half, and a second one then gets half of the rest.

use super::bounds::Bounds;

/// Requests between their arrival and their dispatch to the applier, reads until their answer, and the bytes of their
/// arguments. The bytes of proposed writes are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    pub requests: usize,
    pub bytes: u64,
}

/// The limit, and the last known usage of all groups together.
#[derive(Debug)]
pub(super) struct Budget {
    max: Usage,
    used: Usage,
}

impl Budget {
    /// Creates a budget in which a single group may use what the bounds allow, which is half of it.
    pub(super) fn new(bounds: &Bounds) -> Budget {
        let max = Usage { requests: 2 * bounds.requests_max, bytes: 2 * bounds.argument_bytes_max };
        Budget { max, used: Usage::default() }
    }

    /// Replaces the `counted` usage of a group by the usage `now`. The applier's answers are noticed only by counting,
    /// so the usage of a group that was not counted for a while is too high, never too low.
    pub(super) fn recount(&mut self, counted: &mut Usage, now: Usage) {
        let Usage { requests, bytes } = std::mem::replace(counted, now);
        assert!(self.used.requests >= requests && self.used.bytes >= bytes, "what is given back was taken");
        self.used.requests = self.used.requests - requests + now.requests;
        self.used.bytes = self.used.bytes - bytes + now.bytes;
    }

    /// Returns whether a group that uses `own` may take one more request, while `forwarded` requests are in flight to
    /// other members.
    pub(super) fn admits(&self, own: Usage, forwarded: usize) -> bool {
        let requests = self.max.requests.saturating_sub(self.used.requests + forwarded);
        let bytes = self.max.bytes.saturating_sub(self.used.bytes);
        own.requests < requests && own.bytes < bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_takes_half_and_leaves_the_others_half_of_the_rest() {
        let bounds = Bounds { requests_max: 100, argument_bytes_max: 1 << 20, ..Bounds::DEFAULT };
        let mut budget = Budget::new(&bounds);
        let fill = |budget: &mut Budget, forwarded| {
            let (mut counted, mut own) = (Usage::default(), Usage::default());
            while budget.admits(own, forwarded) {
                own.requests += 1;
                budget.recount(&mut counted, own);
            }
            counted
        };
        let mut first = fill(&mut budget, 0);
        assert_eq!(first.requests, 100, "what the bounds say");
        assert_eq!(fill(&mut budget, 0).requests, 50);
        assert_eq!(fill(&mut budget, 0).requests, 25);
        assert_eq!(fill(&mut budget, 20).requests, 3, "what is in flight elsewhere is counted once, for all");
        budget.recount(&mut first, Usage::default());
        assert_eq!(fill(&mut budget, 0).requests, 61);
    }

    #[test]
    fn bytes_are_bounded_as_requests_are() {
        let bounds = Bounds { requests_max: 100, argument_bytes_max: 1_000, ..Bounds::DEFAULT };
        let (mut budget, mut counted) = (Budget::new(&bounds), Usage::default());
        budget.recount(&mut counted, Usage { requests: 1, bytes: 999 });
        assert!(budget.admits(counted, 0));
        budget.recount(&mut counted, Usage { requests: 2, bytes: 1_001 });
        assert!(!budget.admits(counted, 0), "one request more than the bound, no second one");
        assert!(budget.admits(Usage::default(), 0), "another group finds room");
    }
}
