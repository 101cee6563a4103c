//! How the seeds form a cluster: once, all of them present.
//!
//! The seed with the lowest id writes the formation when it is in touch with every other seed and none
//! of them belongs to a cluster; it records it durably before it tells anyone. Everybody else only ever
//! adopts a formation that names their own disk. From then on any majority starts, and a voter that
//! returns with another disk is turned away: two disks never speak for one voter, not even when the
//! second appears while the cluster is being formed.
//!
//! This file decides; it neither sends nor stores.

use super::wire::Formation;
use crate::codec::ids::MemberId;
use crate::transport::wire::Refusal;
use std::collections::BTreeMap;
use thiserror::Error;

/// Why this member takes no part in the cluster that it was sent to. Nothing was recorded; it goes on trying, since
/// an operator may mend the others as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum NotMine {
    /// The formation names other members, or this member belongs to another cluster.
    #[error("the others belong to another cluster")]
    OtherCluster,
    /// The formation names another disk of this member: this one is new, swapped or wiped.
    #[error("the cluster was formed with another disk of this member")]
    LostStorage,
    /// This member is no seed of the others.
    #[error("this member is not one of the others' seeds")]
    UnknownMember,
    /// Somebody else is there under this member's id, or twice under a peer's.
    #[error("two processes claim one member id")]
    DuplicateMember,
    /// The address of a seed belongs to a member with another id.
    #[error("another member answers at the address of a seed")]
    Misaddressed,
    /// The others are of another version.
    #[error("the others speak version {theirs} of the protocol, and this member version {ours}")]
    OtherVersion {
        /// This member's version.
        ours: u16,
        /// The others'.
        theirs: u16,
    },
    /// The others have another election timeout.
    #[error("the others were given another election timeout")]
    OtherTimeout,
}

/// How the cluster begins, as one member sees it.
#[derive(Debug)]
pub(crate) struct Founders {
    me: MemberId,
    storage: u128,
    /// All founding members, ascending.
    seeds: Vec<MemberId>,
    /// Disks of the unformed seeds that this member is in touch with.
    present: BTreeMap<MemberId, u128>,
    /// Seeds that this member cannot work with, and why.
    estranged: BTreeMap<MemberId, NotMine>,
    formation: Option<Formation>,
}

impl Founders {
    /// Begins, or goes on with what is recorded. `seeds` includes this member.
    pub(crate) fn new(
        me: MemberId,
        storage: u128,
        mut seeds: Vec<MemberId>,
        formation: Option<Formation>,
    ) -> Founders {
        assert!(seeds.contains(&me), "a member is one of the seeds");
        seeds.sort_unstable();
        Founders { me, storage, seeds, present: BTreeMap::new(), estranged: BTreeMap::new(), formation }
    }

    /// The formation, once there is one.
    pub(crate) fn formation(&self) -> Option<&Formation> {
        self.formation.as_ref()
    }

    /// Whether a member that uses `storage` and belongs to `cluster` (0: to none) may take part.
    pub(crate) fn judge(&self, member: MemberId, storage: u128, cluster: u128) -> Result<(), Refusal> {
        if member == self.me {
            return Err(Refusal::DuplicateMember);
        }
        if !self.seeds.contains(&member) {
            return Err(Refusal::UnknownMember);
        }
        let Some(formation) = &self.formation else {
            let twice = self.present.get(&member).is_some_and(|known| *known != storage);
            return if twice { Err(Refusal::DuplicateMember) } else { Ok(()) };
        };
        if cluster != 0 && cluster != formation.cluster {
            return Err(Refusal::WrongCluster);
        }
        if storage_of(formation, member) != Some(storage) {
            return Err(Refusal::WrongStorage);
        }
        Ok(())
    }

    /// A seed that belongs to no cluster is in touch.
    pub(crate) fn met(&mut self, member: MemberId, storage: u128) {
        if self.formation.is_none() && member != self.me && self.seeds.contains(&member) {
            self.present.insert(member, storage);
        }
    }

    /// A seed is out of touch: whoever returns may be another disk.
    pub(crate) fn lost(&mut self, member: MemberId) {
        self.present.remove(&member);
    }

    /// A connection to a seed was refused, by the seed or by this member.
    pub(crate) fn refused(&mut self, seed: MemberId, refusal: Refusal) {
        let not_mine = match refusal {
            // A formed member's disk is on record with all the others: it is the seed that came with a wrong one.
            Refusal::WrongStorage if self.formation.is_some() => return,
            Refusal::WrongStorage => NotMine::LostStorage,
            Refusal::WrongCluster => NotMine::OtherCluster,
            Refusal::UnknownMember => NotMine::UnknownMember,
            Refusal::DuplicateMember => NotMine::DuplicateMember,
            Refusal::NotMe => NotMine::Misaddressed,
            Refusal::WrongVersion { caller, called } => {
                NotMine::OtherVersion { ours: caller, theirs: called }
            }
            Refusal::WrongTimeout => NotMine::OtherTimeout,
            Refusal::TooManyConnections | Refusal::Unreadable => return,
        };
        self.estranged(seed, not_mine);
    }

    /// A seed has shown that it is not of this member's cluster.
    pub(crate) fn estranged(&mut self, seed: MemberId, not_mine: NotMine) {
        self.estranged.insert(seed, not_mine);
    }

    /// A seed and this member get on, whatever was between them before.
    pub(crate) fn reconciled(&mut self, seed: MemberId) {
        self.estranged.remove(&seed);
    }

    /// Why this member takes no part, if it does not: before the formation because all seeds are needed, afterwards
    /// because those that remain are no majority.
    pub(crate) fn outcast(&self) -> Option<NotMine> {
        let needed = if self.formation.is_some() { self.seeds.len() / 2 + 1 } else { self.seeds.len() };
        let left = self.seeds.len() - self.estranged.len();
        self.estranged.values().next().copied().filter(|_| left < needed)
    }

    /// The formation to record and announce, if it is on this member to write it, and time.
    pub(crate) fn propose(&self, cluster: u128) -> Option<Formation> {
        let complete = self.seeds.iter().all(|seed| *seed == self.me || self.present.contains_key(seed));
        if self.formation.is_some() || self.seeds.first() != Some(&self.me) || !complete {
            return None;
        }
        let storage = |seed: &MemberId| self.present.get(seed).copied().unwrap_or(self.storage);
        Some(Formation { cluster, members: self.seeds.iter().map(|seed| (*seed, storage(seed))).collect() })
    }

    /// Whether a formation that another member shows is this member's own.
    ///
    /// `Ok(true)`: it is to be recorded and then [`adopt`](Self::adopt)ed. `Ok(false)`: it is known.
    pub(crate) fn examine(&self, shown: &Formation) -> Result<bool, NotMine> {
        if let Some(mine) = &self.formation {
            return if mine == shown { Ok(false) } else { Err(NotMine::OtherCluster) };
        }
        if !shown.members.iter().map(|(member, _)| member).eq(&self.seeds) {
            return Err(NotMine::OtherCluster);
        }
        if storage_of(shown, self.me) != Some(self.storage) {
            return Err(NotMine::LostStorage);
        }
        Ok(true)
    }

    /// The formation is durable here; it is in force.
    pub(crate) fn adopt(&mut self, formation: Formation) {
        assert!(self.formation.is_none(), "a cluster is formed once");
        assert_eq!(
            storage_of(&formation, self.me),
            Some(self.storage),
            "a formation names the disk it is recorded on"
        );
        self.formation = Some(formation);
        self.present.clear();
        self.estranged.clear();
    }
}

fn storage_of(formation: &Formation, member: MemberId) -> Option<u128> {
    formation.members.iter().find(|(id, _)| *id == member).map(|(_, storage)| *storage)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEDS: [MemberId; 3] = [MemberId(1), MemberId(2), MemberId(3)];

    fn fresh(me: u64, storage: u128) -> Founders {
        Founders::new(MemberId(me), storage, SEEDS.to_vec(), None)
    }

    fn formed() -> (Founders, Formation) {
        let mut first = fresh(1, 10);
        first.met(MemberId(2), 20);
        first.met(MemberId(3), 30);
        let formation = first.propose(9).unwrap();
        first.adopt(formation.clone());
        (first, formation)
    }

    #[test]
    fn only_the_lowest_seed_proposes_and_only_when_all_are_present() {
        let mut first = fresh(1, 10);
        first.met(MemberId(2), 20);
        assert_eq!(first.propose(9), None);
        first.met(MemberId(3), 30);
        assert!(first.propose(9).is_some());
        first.lost(MemberId(2));
        assert_eq!(first.propose(9), None);
        let mut second = fresh(2, 20);
        second.met(MemberId(1), 10);
        second.met(MemberId(3), 30);
        assert_eq!(second.propose(9), None);
    }

    #[test]
    fn a_disk_wiped_in_the_first_second_never_speaks_for_its_voter() {
        let (first, formation) = formed();
        let wiped = fresh(2, 21);
        assert_eq!(wiped.examine(&formation), Err(NotMine::LostStorage));
        assert_eq!(first.judge(MemberId(2), 21, 0), Err(Refusal::WrongStorage));
        assert_eq!(first.judge(MemberId(2), 20, 0), Ok(()), "it had not recorded the formation yet");
        assert_eq!(fresh(3, 30).examine(&formation), Ok(true));
    }

    #[test]
    fn a_wiped_founder_does_not_form_a_second_cluster() {
        let (_, formation) = formed();
        let mut wiped = fresh(1, 11);
        wiped.met(MemberId(2), 20);
        assert_eq!(wiped.propose(8), None, "member 3 is formed and therefore not present");
        assert_eq!(wiped.examine(&formation), Err(NotMine::LostStorage));
    }

    #[test]
    fn strangers_are_told_apart() {
        let (first, formation) = formed();
        assert_eq!(first.judge(MemberId(1), 10, 9), Err(Refusal::DuplicateMember));
        assert_eq!(first.judge(MemberId(4), 40, 9), Err(Refusal::UnknownMember));
        assert_eq!(first.judge(MemberId(2), 20, 8), Err(Refusal::WrongCluster));
        assert_eq!(first.judge(MemberId(2), 20, 9), Ok(()));
        let other = Formation { cluster: 8, ..formation.clone() };
        assert_eq!(first.examine(&other), Err(NotMine::OtherCluster));
        assert_eq!(first.examine(&formation), Ok(false));
        let mut unformed = fresh(1, 10);
        unformed.met(MemberId(2), 20);
        assert_eq!(unformed.judge(MemberId(2), 21, 0), Err(Refusal::DuplicateMember));
    }

    #[test]
    fn before_the_formation_one_estranged_seed_is_too_many_and_afterwards_a_majority_is() {
        let mut unformed = fresh(2, 20);
        assert_eq!(unformed.outcast(), None);
        unformed.refused(MemberId(3), Refusal::NotMe);
        assert_eq!(unformed.outcast(), Some(NotMine::Misaddressed));
        unformed.reconciled(MemberId(3));
        assert_eq!(unformed.outcast(), None);
        unformed.refused(MemberId(1), Refusal::TooManyConnections);
        assert_eq!(unformed.outcast(), None, "that passes by itself");
        unformed.refused(MemberId(1), Refusal::WrongVersion { caller: 2, called: 1 });
        assert_eq!(unformed.outcast(), Some(NotMine::OtherVersion { ours: 2, theirs: 1 }));
        unformed.refused(MemberId(1), Refusal::WrongTimeout);
        assert_eq!(unformed.outcast(), Some(NotMine::OtherTimeout));

        let (mut first, _) = formed();
        first.refused(MemberId(2), Refusal::WrongStorage);
        first.refused(MemberId(3), Refusal::WrongStorage);
        assert_eq!(first.outcast(), None, "it is their disks that are wrong");
        first.refused(MemberId(2), Refusal::WrongCluster);
        assert_eq!(first.outcast(), None, "members 1 and 3 are a majority");
        first.refused(MemberId(3), Refusal::WrongCluster);
        assert_eq!(first.outcast(), Some(NotMine::OtherCluster));
    }

    #[test]
    fn a_single_member_forms_its_cluster_alone() {
        let alone = Founders::new(MemberId(7), 1, vec![MemberId(7)], None);
        assert_eq!(alone.propose(3).unwrap().members, [(MemberId(7), 1)]);
    }
}
