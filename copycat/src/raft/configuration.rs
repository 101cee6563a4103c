//! The configuration in force. It is always the latest one in the log, committed or not.

use crate::codec::configuration::Configuration;
use crate::codec::ids::{Index, MemberId};

/// The configurations of a log, and the initial one with which the group was bootstrapped.
#[derive(Debug)]
pub(super) struct Configurations {
    initial: Configuration,
    /// The configurations in the log with their indexes, ascending.
    logged: Vec<(Index, Configuration)>,
}

impl Configurations {
    /// Creates the value from the restored configurations.
    pub(super) fn new(initial: Configuration, logged: Vec<(Index, Configuration)>) -> Configurations {
        assert!(logged.is_sorted_by(|a, b| a.0 < b.0), "configurations ascend");
        assert!(logged.first().is_none_or(|(index, _)| *index > 0), "a configuration before the log");
        Configurations { initial, logged }
    }

    /// Returns the configuration in force.
    pub(super) fn current(&self) -> &Configuration {
        self.logged.last().map_or(&self.initial, |(_, configuration)| configuration)
    }

    /// Returns the configuration with which the group was bootstrapped.
    pub(super) fn initial(&self) -> &Configuration {
        &self.initial
    }

    /// Returns the index of the configuration in force; 0 for the initial one.
    pub(super) fn newest(&self) -> Index {
        self.logged.last().map_or(0, |(index, _)| *index)
    }

    /// Puts a configuration in force when it is appended, not when it commits.
    // Rule: thesis §4.1
    pub(super) fn adopt(&mut self, index: Index, configuration: Configuration) {
        assert!(self.logged.last().is_none_or(|(last, _)| *last < index), "configurations ascend");
        self.logged.push((index, configuration));
        assert_eq!(self.newest(), index, "the latest configuration in the log is in force");
    }

    /// Removes the configurations from index `from` on, because the log is cut there. An earlier one is in force again.
    pub(super) fn truncate(&mut self, from: Index) {
        self.logged.retain(|(index, _)| *index < from);
        assert!(self.newest() < from, "a configuration is in force that was cut from the log");
    }

    /// Returns the configurations among the entries `first ..= last`.
    pub(super) fn within(&self, first: Index, last: Index) -> Vec<(Index, Configuration)> {
        // Nearly every append is newer than the newest configuration.
        if self.logged.last().is_none_or(|(newest, _)| *newest < first) {
            return Vec::new();
        }
        self.logged.iter().filter(|(index, _)| (first..=last).contains(index)).cloned().collect()
    }

    /// Returns whether `member` receives the log under the configuration in force. A learner does, but has no vote.
    // Rule: thesis §4.2.1
    pub(super) fn is_member(&self, member: MemberId) -> bool {
        self.current().is_voter(member) || self.current().learners.contains(&member)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(voters: &[u64]) -> Configuration {
        Configuration::of_voters(voters.iter().copied().map(MemberId))
    }

    #[test]
    fn adopted_on_append_and_rolled_back_on_truncation() {
        let mut all = Configurations::new(of(&[1, 2]), Vec::new());
        assert_eq!(all.current(), &of(&[1, 2]));
        all.adopt(1, of(&[1, 2, 3]));
        all.adopt(5, of(&[1, 2, 3, 4]));
        assert!(all.is_member(MemberId(4)));
        assert_eq!(all.within(2, 9), vec![(5, of(&[1, 2, 3, 4]))]);
        assert_eq!(all.within(6, 9), Vec::new());
        all.truncate(5);
        assert_eq!(all.current(), &of(&[1, 2, 3]));
        all.truncate(1);
        assert_eq!(all.current(), all.initial());
    }
}
