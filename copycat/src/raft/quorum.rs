//! Majorities: the value that a majority has reached, and the result of an election.
//!
//! If `outgoing` is empty, the configuration is not joint. If `voters` is empty, there is no majority: no value is
//! reached and no election is won, whatever `outgoing` contains. A message may bring such a configuration.

use crate::codec::configuration::Configuration;
use crate::codec::ids::MemberId;

/// The result of an election so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VoteResult {
    /// A majority of every set of voters granted its vote.
    Won,
    /// At least one set of voters can no longer give a majority.
    Lost,
    /// The election is not decided yet.
    Pending,
}

/// Returns how many of `count` voters are a majority: 2 of 2, 2 of 3, 3 of 4.
// Rule: Raft §5.2, majority
const fn majority(count: usize) -> usize {
    let majority = count / 2 + 1;
    assert!(2 * majority > count, "two majorities always share a member");
    majority
}

/// Returns the largest value that a majority of the voters has reached, and in a joint configuration a majority of each
/// of the two sets. Returns `None` if there are no voters.
///
/// Of match indexes, this is the index that a majority holds. Of rounds of heartbeats, it is the last confirmed one. Of
/// times, it is the last time at which a majority was heard.
// Rule: thesis §4.3
pub(super) fn reached<T: Ord + Copy>(
    configuration: &Configuration,
    value: impl Fn(MemberId) -> T,
) -> Option<T> {
    let incoming = reached_by(&configuration.voters, &value)?;
    if configuration.outgoing.is_empty() {
        return Some(incoming);
    }
    Some(incoming.min(reached_by(&configuration.outgoing, &value)?))
}

/// Returns the largest value that a majority of one set has reached or exceeded. Sets are small, so comparing all pairs
/// is cheaper than sorting a copy, and needs no memory.
fn reached_by<T: Ord + Copy>(voters: &[MemberId], value: &impl Fn(MemberId) -> T) -> Option<T> {
    let holders = |bar: T| voters.iter().filter(|&&voter| value(voter) >= bar).count();
    let mut best = None;
    for &voter in voters {
        let candidate = value(voter);
        if best.is_none_or(|best| candidate > best) && holders(candidate) >= majority(voters.len()) {
            best = Some(candidate);
        }
    }
    debug_assert!(best.is_none_or(|best| holders(best) >= majority(voters.len())), "no majority is there");
    best
}

/// Counts the votes of an election. `vote` returns `None` for a voter that has not answered.
pub(super) fn outcome(configuration: &Configuration, vote: impl Fn(MemberId) -> Option<bool>) -> VoteResult {
    let incoming = outcome_of(&configuration.voters, &vote);
    if configuration.outgoing.is_empty() {
        return incoming;
    }
    match (incoming, outcome_of(&configuration.outgoing, &vote)) {
        (VoteResult::Won, VoteResult::Won) => VoteResult::Won,
        (VoteResult::Lost, _) | (_, VoteResult::Lost) => VoteResult::Lost,
        _ => VoteResult::Pending,
    }
}

fn outcome_of(voters: &[MemberId], vote: &impl Fn(MemberId) -> Option<bool>) -> VoteResult {
    let count = |wanted: Option<bool>| voters.iter().filter(|&&voter| vote(voter) == wanted).count();
    let granted = count(Some(true));
    debug_assert!(granted + count(Some(false)) + count(None) == voters.len(), "each voter has one vote");
    if granted >= majority(voters.len()) {
        VoteResult::Won
    } else if granted + count(None) < majority(voters.len()) {
        VoteResult::Lost
    } else {
        VoteResult::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(members: &[u64]) -> Vec<MemberId> {
        members.iter().copied().map(MemberId).collect()
    }

    fn joint(voters: &[u64], outgoing: &[u64]) -> Configuration {
        Configuration { voters: set(voters), outgoing: set(outgoing), learners: Vec::new() }
    }

    /// Returns every subset with more than half of the members, by counting bits.
    fn majorities(members: &[MemberId]) -> Vec<Vec<MemberId>> {
        (0u32..1 << members.len())
            .filter(|mask| 2 * mask.count_ones() as usize > members.len())
            .map(|mask| (0..members.len()).filter(|bit| mask >> bit & 1 == 1).map(|b| members[b]).collect())
            .collect()
    }

    /// Follows the definition of the paper: in each set there is a majority whose members have all reached the value.
    fn reached_by_brute_force(configuration: &Configuration, values: &[u64]) -> Option<u64> {
        let all_in_some_majority = |voters: &[MemberId], bar: u64| {
            majorities(voters).iter().any(|m| m.iter().all(|member| values[member.0 as usize] >= bar))
        };
        (0..=4).rev().find(|&bar| {
            all_in_some_majority(&configuration.voters, bar)
                && (configuration.outgoing.is_empty() || all_in_some_majority(&configuration.outgoing, bar))
        })
    }

    fn outcome_by_brute_force(configuration: &Configuration, votes: &[Option<bool>]) -> VoteResult {
        let mut sets = vec![&configuration.voters];
        sets.extend((!configuration.outgoing.is_empty()).then_some(&configuration.outgoing));
        let possible = |allowed: &dyn Fn(Option<bool>) -> bool| {
            sets.iter().all(|s| {
                majorities(s).iter().any(|m| m.iter().all(|member| allowed(votes[member.0 as usize])))
            })
        };
        if possible(&|vote| vote == Some(true)) {
            VoteResult::Won
        } else if possible(&|vote| vote != Some(false)) {
            VoteResult::Pending
        } else {
            VoteResult::Lost
        }
    }

    /// Returns empty sets, single members, even clusters, and joint sets that share no, some, or all members.
    fn configurations() -> Vec<Configuration> {
        let plain = [&[][..], &[1], &[1, 2], &[1, 2, 3], &[1, 2, 3, 4], &[1, 2, 3, 4, 5]];
        let mut all: Vec<_> = plain.iter().map(|voters| joint(voters, &[])).collect();
        for voters in plain {
            for outgoing in [&[1][..], &[5], &[1, 2], &[4, 5], &[2, 3, 4], &[1, 3, 5], &[2, 3, 4, 5]] {
                all.push(joint(voters, outgoing));
            }
        }
        all
    }

    /// Returns all assignments of `choices` values to members 1 to 5. Position 0 is unused.
    fn assignments(choices: usize) -> impl Iterator<Item = Vec<usize>> {
        (0..choices.pow(5)).map(move |number| {
            let digit = |place: u32| number / choices.pow(place) % choices;
            std::iter::once(0).chain((0..5).map(digit)).collect()
        })
    }

    #[test]
    fn what_is_reached_agrees_with_brute_force() {
        for configuration in configurations() {
            for values in assignments(5) {
                let values: Vec<u64> = values.into_iter().map(|value| value as u64).collect();
                let found = reached(&configuration, |member| values[member.0 as usize]);
                assert_eq!(
                    found,
                    reached_by_brute_force(&configuration, &values),
                    "{configuration:?} {values:?}"
                );
            }
        }
    }

    #[test]
    fn outcomes_agree_with_brute_force() {
        for configuration in configurations() {
            for votes in assignments(3) {
                let votes: Vec<_> =
                    votes.into_iter().map(|vote| [None, Some(false), Some(true)][vote]).collect();
                let found = outcome(&configuration, |member| votes[member.0 as usize]);
                assert_eq!(
                    found,
                    outcome_by_brute_force(&configuration, &votes),
                    "{configuration:?} {votes:?}"
                );
            }
        }
    }

    #[test]
    fn without_voters_nothing_is_reached_and_nobody_wins() {
        for nobody in [joint(&[], &[]), joint(&[], &[1, 2, 3])] {
            assert_eq!(reached(&nobody, |_| 7), None, "{nobody:?}");
            assert_eq!(outcome(&nobody, |_| Some(true)), VoteResult::Lost, "{nobody:?}");
        }
    }
}
