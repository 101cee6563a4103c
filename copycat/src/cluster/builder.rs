//! Builds the description of a cluster, and reports everything that is wrong with it at once.

use super::Member;
use crate::error::{ConfigError, Error};
use std::collections::BTreeSet;

/// The most seeds of one cluster, well below what the formats hold
/// ([`MEMBERS_MAX`](crate::codec::configuration::MEMBERS_MAX)). Every seed votes, and each write waits for a
/// majority. So more seeds make every write slower, and hardly any further failure survivable.
const SEEDS_MAX: usize = 32;

/// A cluster as one of its members sees it: the seeds, which are its first members, and which of them this process is.
///
/// ```
/// use copycat::{Cluster, Member};
///
/// let cluster = Cluster::builder()
///     .with_member_id(1)
///     .add_seed(Member::new(1, "10.0.0.1:7400"))
///     .add_seed(Member::new(2, "10.0.0.2:7400"))
///     .add_seed(Member::new(3, "10.0.0.3:7400"))
///     .build()?;
/// # Ok::<(), copycat::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    me: Member,
    seeds: Vec<Member>,
}

impl Cluster {
    /// Begins the description of a cluster.
    pub fn builder() -> ClusterBuilder {
        ClusterBuilder { member_id: None, seeds: Vec::new() }
    }

    /// Returns this process's own member.
    pub fn local_member(&self) -> &Member {
        &self.me
    }

    /// Returns the seeds, this process's own member included, in the order in which they were added.
    pub fn seeds(&self) -> &[Member] {
        &self.seeds
    }
}

/// Builds a [`Cluster`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct ClusterBuilder {
    member_id: Option<u64>,
    seeds: Vec<Member>,
}

impl ClusterBuilder {
    /// Sets which of the seeds this process is, by its id of 1 or more. Required.
    pub fn with_member_id(mut self, id: u64) -> Self {
        self.member_id = Some(id);
        self
    }

    /// Adds a seed; this process's own member is one of them. The order does not matter. Every member must be given
    /// the same seeds.
    pub fn add_seed(mut self, member: Member) -> Self {
        self.seeds.push(member);
        self
    }

    /// Checks the description.
    ///
    /// # Errors
    ///
    /// [`Error::config_errors`] lists all of them.
    pub fn build(self) -> Result<Cluster, Error> {
        let errors = self.errors();
        let me = self.seeds.iter().find(|seed| Some(seed.id()) == self.member_id).cloned();
        match me {
            Some(me) if errors.is_empty() => Ok(Cluster { me, seeds: self.seeds }),
            _ => Err(Error::config("Cluster::builder()", errors)),
        }
    }

    fn errors(&self) -> Vec<ConfigError> {
        let mut errors = Vec::new();
        match self.member_id {
            None => errors.push(ConfigError::NoMemberId),
            Some(id) if id != 0 && !self.seeds.iter().any(|seed| seed.id() == id) => {
                errors.push(ConfigError::NotASeed(id))
            }
            Some(_) => {}
        }
        if self.seeds.is_empty() {
            errors.push(ConfigError::NoSeeds);
        }
        if self.seeds.len() > SEEDS_MAX {
            errors.push(ConfigError::TooManySeeds { limit: SEEDS_MAX, found: self.seeds.len() });
        }
        if self.member_id == Some(0) || self.seeds.iter().any(|seed| seed.id() == 0) {
            errors.push(ConfigError::ZeroMemberId);
        }
        let (mut ids, mut addresses) = (BTreeSet::new(), BTreeSet::new());
        for seed in &self.seeds {
            if !ids.insert(seed.id()) {
                errors.push(ConfigError::DuplicateMember(seed.id()));
            }
            if !addresses.insert(seed.address()) {
                errors.push(ConfigError::DuplicateAddress(seed.address().into()));
            }
            if !seed.has_address() {
                errors.push(ConfigError::BadAddress(seed.address().into()));
            }
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(builder: ClusterBuilder) -> Vec<ConfigError> {
        builder.build().expect_err("a wrong description was accepted").config_errors().to_vec()
    }

    #[test]
    fn a_table_of_bad_descriptions() {
        let seed = |id, address: &str| Member::new(id, address);
        assert_eq!(errors(Cluster::builder()), [ConfigError::NoMemberId, ConfigError::NoSeeds]);
        assert_eq!(
            errors(Cluster::builder().with_member_id(4).add_seed(seed(1, "a:1"))),
            [ConfigError::NotASeed(4)]
        );
        assert_eq!(
            errors(Cluster::builder().with_member_id(0).add_seed(seed(0, "a:1"))),
            [ConfigError::ZeroMemberId]
        );
        let everything =
            Cluster::builder().add_seed(seed(1, "a:1")).add_seed(seed(1, "a:1")).add_seed(seed(2, "nowhere"));
        assert_eq!(
            errors(everything),
            [
                ConfigError::NoMemberId,
                ConfigError::DuplicateMember(1),
                ConfigError::DuplicateAddress("a:1".into()),
                ConfigError::BadAddress("nowhere".into()),
            ]
        );
        let crowd = (1..=33)
            .fold(Cluster::builder().with_member_id(1), |all, id| all.add_seed(seed(id, &format!("h:{id}"))));
        assert_eq!(errors(crowd), [ConfigError::TooManySeeds { limit: 32, found: 33 }]);
    }

    #[test]
    fn a_good_description() {
        let cluster = Cluster::builder()
            .with_member_id(2)
            .add_seed(Member::new(1, "a:1"))
            .add_seed(Member::new(2, "b:1"))
            .build()
            .unwrap();
        assert_eq!(cluster.local_member().address(), "b:1");
        assert_eq!(cluster.seeds().len(), 2);
    }
}
