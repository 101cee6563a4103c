//! The rules by which the seeds bootstrap a cluster: once, with all of them present.
//!
//! The seed with the lowest id writes the bootstrap record when it is connected to every other seed and none of them
//! belongs to a cluster. It makes the record durable before it sends it. The other seeds only accept a record that
//! names their own disk. From then on any majority can start, and a voter that returns with another disk is refused. So
//! two disks never speak for one voter, not even if the second appears during the bootstrap.
//!
//! This file decides; it neither sends nor stores.

use super::wire::BootstrapRecord;
use crate::codec::ids::MemberId;
use crate::transport::wire::Refusal;
use std::collections::BTreeMap;
use thiserror::Error;

/// Why this member cannot join the cluster of its seeds. Nothing is recorded because of it, and the member keeps
/// trying, since an operator may also repair the other members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum JoinError {
    /// The bootstrap record names other members, or this member belongs to another cluster.
    #[error("the others belong to another cluster")]
    OtherCluster,
    /// The bootstrap record names another disk of this member: its disk is new, swapped or wiped.
    #[error("the cluster was formed with another disk of this member")]
    OtherDisk,
    /// This member is no seed of the others.
    #[error("this member is not one of the others' seeds")]
    UnknownMember,
    /// Another process uses the id of this member, or two processes use the id of one peer.
    #[error("two processes claim one member id")]
    DuplicateMember,
    /// The address of a seed belongs to a member with another id.
    #[error("another member answers at the address of a seed")]
    Misaddressed,
    /// The others speak another version of the protocol.
    #[error("the others speak version {theirs} of the protocol, and this member version {ours}")]
    OtherVersion {
        /// The version of this member.
        ours: u16,
        /// The version of the others.
        theirs: u16,
    },
    /// The others have another election timeout.
    #[error("the others were given another election timeout")]
    OtherTimeout,
}

/// The state of the bootstrap, as one member knows it.
#[derive(Debug)]
pub(crate) struct BootstrapState {
    me: MemberId,
    disk_id: u128,
    /// The ids of all seeds, ascending.
    seeds: Vec<MemberId>,
    /// The disks of the connected seeds that belong to no cluster.
    present: BTreeMap<MemberId, u128>,
    /// Seeds that this member cannot work with, and why.
    incompatible: BTreeMap<MemberId, JoinError>,
    bootstrap_record: Option<BootstrapRecord>,
}

impl BootstrapState {
    /// Creates the state, from the stored record if there is one. `seeds` includes this member.
    pub(crate) fn new(
        me: MemberId,
        disk_id: u128,
        mut seeds: Vec<MemberId>,
        bootstrap_record: Option<BootstrapRecord>,
    ) -> BootstrapState {
        assert!(seeds.contains(&me), "a member is one of the seeds");
        seeds.sort_unstable();
        BootstrapState {
            me,
            disk_id,
            seeds,
            present: BTreeMap::new(),
            incompatible: BTreeMap::new(),
            bootstrap_record,
        }
    }

    /// Returns the bootstrap record, once there is one.
    pub(crate) fn bootstrap_record(&self) -> Option<&BootstrapRecord> {
        self.bootstrap_record.as_ref()
    }

    /// Decides whether a member with `disk_id` that belongs to `cluster` (0: to none) may take part.
    pub(crate) fn judge(&self, member: MemberId, disk_id: u128, cluster: u128) -> Result<(), Refusal> {
        if member == self.me {
            return Err(Refusal::DuplicateMember);
        }
        if !self.seeds.contains(&member) {
            return Err(Refusal::UnknownMember);
        }
        let Some(bootstrap_record) = &self.bootstrap_record else {
            let twice = self.present.get(&member).is_some_and(|known| *known != disk_id);
            return if twice { Err(Refusal::DuplicateMember) } else { Ok(()) };
        };
        if cluster != 0 && cluster != bootstrap_record.cluster {
            return Err(Refusal::WrongCluster);
        }
        if disk_id_of(bootstrap_record, member) != Some(disk_id) {
            return Err(Refusal::WrongDisk);
        }
        Ok(())
    }

    /// Records a connection to a seed that belongs to no cluster.
    pub(crate) fn seed_connected(&mut self, member: MemberId, disk_id: u128) {
        if self.bootstrap_record.is_none() && member != self.me && self.seeds.contains(&member) {
            self.present.insert(member, disk_id);
        }
    }

    /// Records that a seed is disconnected. It may return with another disk.
    pub(crate) fn seed_disconnected(&mut self, member: MemberId) {
        self.present.remove(&member);
    }

    /// Records that a connection to a seed was refused, by the seed or by this member.
    pub(crate) fn refused(&mut self, seed: MemberId, refusal: Refusal) {
        let join_error = match refusal {
            // All members of the cluster have recorded this member's disk, so the seed itself has a wrong one.
            Refusal::WrongDisk if self.bootstrap_record.is_some() => return,
            Refusal::WrongDisk => JoinError::OtherDisk,
            Refusal::WrongCluster => JoinError::OtherCluster,
            Refusal::UnknownMember => JoinError::UnknownMember,
            Refusal::DuplicateMember => JoinError::DuplicateMember,
            Refusal::NotMe => JoinError::Misaddressed,
            Refusal::WrongVersion { caller, called } => {
                JoinError::OtherVersion { ours: caller, theirs: called }
            }
            Refusal::WrongTimeout => JoinError::OtherTimeout,
            Refusal::TooManyConnections | Refusal::Unreadable => return,
        };
        self.mark_incompatible(seed, join_error);
    }

    /// Records that a seed and this member cannot work together, and why.
    pub(crate) fn mark_incompatible(&mut self, seed: MemberId, join_error: JoinError) {
        self.incompatible.insert(seed, join_error);
    }

    /// Records that a seed and this member are compatible, whatever was recorded before.
    pub(crate) fn mark_compatible(&mut self, seed: MemberId) {
        self.incompatible.remove(&seed);
    }

    /// Returns why this member cannot join, or `None`. Before the bootstrap one incompatible seed is enough, because
    /// all seeds are needed. Afterwards so many must be incompatible that the others are no majority.
    pub(crate) fn join_error(&self) -> Option<JoinError> {
        let needed =
            if self.bootstrap_record.is_some() { self.seeds.len() / 2 + 1 } else { self.seeds.len() };
        let left = self.seeds.len() - self.incompatible.len();
        self.incompatible.values().next().copied().filter(|_| left < needed)
    }

    /// Returns the bootstrap record to store and send, if this member is the one that writes it and all seeds are
    /// connected.
    pub(crate) fn propose(&self, cluster: u128) -> Option<BootstrapRecord> {
        let complete = self.seeds.iter().all(|seed| *seed == self.me || self.present.contains_key(seed));
        if self.bootstrap_record.is_some() || self.seeds.first() != Some(&self.me) || !complete {
            return None;
        }
        let disk_id = |seed: &MemberId| self.present.get(seed).copied().unwrap_or(self.disk_id);
        Some(BootstrapRecord {
            cluster,
            members: self.seeds.iter().map(|seed| (*seed, disk_id(seed))).collect(),
        })
    }

    /// Checks a bootstrap record that another member has sent. Fails if this member cannot join with it.
    ///
    /// Returns `Ok(true)` if it must be stored and then [`adopt`](Self::adopt)ed, and `Ok(false)` if it is known.
    pub(crate) fn examine(&self, shown: &BootstrapRecord) -> Result<bool, JoinError> {
        if let Some(mine) = &self.bootstrap_record {
            return if mine == shown { Ok(false) } else { Err(JoinError::OtherCluster) };
        }
        if !shown.members.iter().map(|(member, _)| member).eq(&self.seeds) {
            return Err(JoinError::OtherCluster);
        }
        if disk_id_of(shown, self.me) != Some(self.disk_id) {
            return Err(JoinError::OtherDisk);
        }
        Ok(true)
    }

    /// Puts the bootstrap record in force. It must be durable on this member.
    pub(crate) fn adopt(&mut self, bootstrap_record: BootstrapRecord) {
        assert!(self.bootstrap_record.is_none(), "a cluster is formed once");
        assert_eq!(
            disk_id_of(&bootstrap_record, self.me),
            Some(self.disk_id),
            "a bootstrap record names the disk it is recorded on"
        );
        self.bootstrap_record = Some(bootstrap_record);
        self.present.clear();
        self.incompatible.clear();
    }
}

fn disk_id_of(bootstrap_record: &BootstrapRecord, member: MemberId) -> Option<u128> {
    bootstrap_record.members.iter().find(|(id, _)| *id == member).map(|(_, disk_id)| *disk_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEDS: [MemberId; 3] = [MemberId(1), MemberId(2), MemberId(3)];

    fn fresh(me: u64, disk_id: u128) -> BootstrapState {
        BootstrapState::new(MemberId(me), disk_id, SEEDS.to_vec(), None)
    }

    fn formed() -> (BootstrapState, BootstrapRecord) {
        let mut first = fresh(1, 10);
        first.seed_connected(MemberId(2), 20);
        first.seed_connected(MemberId(3), 30);
        let bootstrap_record = first.propose(9).unwrap();
        first.adopt(bootstrap_record.clone());
        (first, bootstrap_record)
    }

    #[test]
    fn only_the_lowest_seed_proposes_and_only_when_all_are_present() {
        let mut first = fresh(1, 10);
        first.seed_connected(MemberId(2), 20);
        assert_eq!(first.propose(9), None);
        first.seed_connected(MemberId(3), 30);
        assert!(first.propose(9).is_some());
        first.seed_disconnected(MemberId(2));
        assert_eq!(first.propose(9), None);
        let mut second = fresh(2, 20);
        second.seed_connected(MemberId(1), 10);
        second.seed_connected(MemberId(3), 30);
        assert_eq!(second.propose(9), None);
    }

    #[test]
    fn a_disk_wiped_in_the_first_second_never_speaks_for_its_voter() {
        let (first, bootstrap_record) = formed();
        let wiped = fresh(2, 21);
        assert_eq!(wiped.examine(&bootstrap_record), Err(JoinError::OtherDisk));
        assert_eq!(first.judge(MemberId(2), 21, 0), Err(Refusal::WrongDisk));
        assert_eq!(first.judge(MemberId(2), 20, 0), Ok(()), "it had not recorded the bootstrap record yet");
        assert_eq!(fresh(3, 30).examine(&bootstrap_record), Ok(true));
    }

    #[test]
    fn a_wiped_founder_does_not_form_a_second_cluster() {
        let (_, bootstrap_record) = formed();
        let mut wiped = fresh(1, 11);
        wiped.seed_connected(MemberId(2), 20);
        assert_eq!(wiped.propose(8), None, "member 3 is formed and therefore not present");
        assert_eq!(wiped.examine(&bootstrap_record), Err(JoinError::OtherDisk));
    }

    #[test]
    fn strangers_are_told_apart() {
        let (first, bootstrap_record) = formed();
        assert_eq!(first.judge(MemberId(1), 10, 9), Err(Refusal::DuplicateMember));
        assert_eq!(first.judge(MemberId(4), 40, 9), Err(Refusal::UnknownMember));
        assert_eq!(first.judge(MemberId(2), 20, 8), Err(Refusal::WrongCluster));
        assert_eq!(first.judge(MemberId(2), 20, 9), Ok(()));
        let other = BootstrapRecord { cluster: 8, ..bootstrap_record.clone() };
        assert_eq!(first.examine(&other), Err(JoinError::OtherCluster));
        assert_eq!(first.examine(&bootstrap_record), Ok(false));
        let mut unformed = fresh(1, 10);
        unformed.seed_connected(MemberId(2), 20);
        assert_eq!(unformed.judge(MemberId(2), 21, 0), Err(Refusal::DuplicateMember));
    }

    #[test]
    fn before_the_formation_one_estranged_seed_is_too_many_and_afterwards_a_majority_is() {
        let mut unformed = fresh(2, 20);
        assert_eq!(unformed.join_error(), None);
        unformed.refused(MemberId(3), Refusal::NotMe);
        assert_eq!(unformed.join_error(), Some(JoinError::Misaddressed));
        unformed.mark_compatible(MemberId(3));
        assert_eq!(unformed.join_error(), None);
        unformed.refused(MemberId(1), Refusal::TooManyConnections);
        assert_eq!(unformed.join_error(), None, "that passes by itself");
        unformed.refused(MemberId(1), Refusal::WrongVersion { caller: 2, called: 1 });
        assert_eq!(unformed.join_error(), Some(JoinError::OtherVersion { ours: 2, theirs: 1 }));
        unformed.refused(MemberId(1), Refusal::WrongTimeout);
        assert_eq!(unformed.join_error(), Some(JoinError::OtherTimeout));

        let (mut first, _) = formed();
        first.refused(MemberId(2), Refusal::WrongDisk);
        first.refused(MemberId(3), Refusal::WrongDisk);
        assert_eq!(first.join_error(), None, "it is their disks that are wrong");
        first.refused(MemberId(2), Refusal::WrongCluster);
        assert_eq!(first.join_error(), None, "members 1 and 3 are a majority");
        first.refused(MemberId(3), Refusal::WrongCluster);
        assert_eq!(first.join_error(), Some(JoinError::OtherCluster));
    }

    #[test]
    fn a_single_member_forms_its_cluster_alone() {
        let alone = BootstrapState::new(MemberId(7), 1, vec![MemberId(7)], None);
        assert_eq!(alone.propose(3).unwrap().members, [(MemberId(7), 1)]);
    }
}
