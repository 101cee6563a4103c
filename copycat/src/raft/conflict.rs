//! Finds where two logs diverge: the first entry that a follower lacks, and the hint with which a leader skips whole
//! terms instead of single entries.

use crate::codec::ids::Index;
use crate::codec::log_shape::LogShape;
use crate::codec::terms::{LogId, Spans};

/// Returns the index of the first of `entries` that the log does not hold: it has no entry there, or one of another
/// term. Returns `None` if the log holds them all. Entries before the log were committed, so they agree.
pub(super) fn find_conflict(log: &LogShape, entries: &Spans) -> Option<Index> {
    let last = log.last().index;
    for span in entries.iter() {
        let mut at = span.first.max(log.base().index + 1);
        while at <= span.last {
            if at > last {
                return Some(at);
            }
            let held = log.spans(at, span.last.min(last)).iter().next()?;
            assert!(held.first == at && at > log.base().index, "asked for {at}, found {held:?}");
            if held.term != span.term {
                return Some(at);
            }
            at = held.last + 1;
        }
    }
    None
}

/// Returns the last entry whose index is at most `bound.index` and whose term is at most `bound.term`. No later entry
/// can agree with a log that holds `bound`, because terms never fall along a log.
///
/// A follower that rejects an append searches its own log, with the entry that it was asked to hold as `bound`. The
/// leader searches its own log, with the follower's answer. So each rejection skips at least one whole term of one of
/// the two logs, and there are no more rejections than distinct terms.
// Rule: Raft §5.3, fewer rejected appends
pub(super) fn find_conflict_by_term(log: &LogShape, bound: LogId) -> LogId {
    let mut found = if log.base().term <= bound.term { log.base() } else { LogId::ZERO };
    let last = log.last().index.min(bound.index);
    if last < found.index {
        return LogId::ZERO;
    }
    let starts: Vec<LogId> = log.term_starts().take_while(|start| start.index <= last).collect();
    for (at, start) in starts.iter().enumerate() {
        if start.term > bound.term {
            break;
        }
        let end = starts.get(at + 1).map_or(last, |next| next.index - 1);
        found = LogId::new(start.term, end);
    }
    assert!(found.index <= bound.index && found.term <= bound.term, "{found:?} beyond {bound:?}");
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::terms::Span;

    fn log(terms: &[u64]) -> LogShape {
        let mut log = LogShape::default();
        terms.iter().for_each(|&term| log.append(term, 1));
        log
    }

    /// Returns a log of random terms that never fall, and the terms.
    fn random_log(random: &mut fastrand::Rng) -> (LogShape, Vec<u64>) {
        let (mut terms, mut term) = (Vec::new(), 1);
        for _ in 0..random.u64(0..10) {
            term += random.u64(0..3) / 2;
            terms.push(term);
        }
        (log(&terms), terms)
    }

    #[test]
    fn the_last_agreeable_entry_agrees_with_a_search_from_the_end() {
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..5_000 {
            let (log, terms) = random_log(&mut random);
            let bound = LogId::new(random.u64(0..8), random.u64(0..14));
            let expected = (1..=terms.len() as u64)
                .rev()
                .map(|index| LogId::new(terms[index as usize - 1], index))
                .find(|at| at.index <= bound.index && at.term <= bound.term)
                .unwrap_or(LogId::ZERO);
            assert_eq!(find_conflict_by_term(&log, bound), expected, "{terms:?} {bound:?}");
        }
    }

    #[test]
    fn the_first_missing_entry_agrees_with_a_search_from_the_start() {
        let mut random = fastrand::Rng::with_seed(2);
        for _ in 0..5_000 {
            let (ours, terms) = random_log(&mut random);
            let (theirs, other) = random_log(&mut random);
            let entries = theirs.spans(1, theirs.last().index);
            let expected = (1..=other.len()).find(|&at| terms.get(at - 1) != Some(&other[at - 1]));
            assert_eq!(find_conflict(&ours, &entries), expected.map(|at| at as u64), "{terms:?} {other:?}");
        }
    }

    #[test]
    fn what_a_snapshot_covers_is_not_missing() {
        let mut log = log(&[1, 1, 2, 2]);
        log.drop_through(3);
        let mut entries = Spans::default();
        entries.push(Span { term: 1, first: 1, last: 2 });
        assert_eq!(find_conflict(&log, &entries), None);
        entries.push(Span { term: 2, first: 3, last: 5 });
        assert_eq!(find_conflict(&log, &entries), Some(5));
        assert_eq!(find_conflict_by_term(&log, LogId::new(2, 2)), LogId::ZERO);
        assert_eq!(find_conflict_by_term(&log, LogId::new(2, 3)), LogId::new(2, 3));
    }

    /// Leader and follower share their first entries and then have terms of their own.
    #[test]
    fn no_more_rejections_than_distinct_terms() {
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..5_000 {
            let mut leader = random_log(&mut random).0;
            let shared = random.u64(0..=leader.last().index);
            let mut follower = leader.clone();
            follower.truncate(shared + 1);
            let base = leader.last().term + 1;
            for term in 1..random.u64(1..6) {
                leader.append(base + 2 * term, random.u64(0..4));
                follower.append(base + 2 * term + random.u64(0..2) * 2 - 1, random.u64(0..4));
            }
            let (mut prev, mut rejections) = (leader.last(), 0);
            while !follower.matches(prev) {
                let hint = find_conflict_by_term(&follower, prev);
                prev = find_conflict_by_term(&leader, LogId::new(hint.term, hint.index.min(prev.index)));
                rejections += 1;
            }
            let distinct = leader.term_starts().chain(follower.term_starts()).map(|start| start.term);
            let distinct: std::collections::BTreeSet<_> = distinct.collect();
            assert!(rejections <= distinct.len(), "{rejections} for {leader:?} and {follower:?}");
        }
    }
}
