//! The expected contents of a journal, as plain vectors.

use crate::codec::configuration::Configuration;
use crate::codec::ids::{GroupId, Index, MemberId, Term};
use crate::storage::{GroupState, Journal};
use bytes::Bytes;
use std::collections::BTreeMap;

/// One entry of the model.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub term: Term,
    /// The frame of the entry.
    pub bytes: Bytes,
    pub configuration: Option<Configuration>,
}

/// One group as a plain vector.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    pub term: Term,
    pub vote: Option<MemberId>,
    /// All entries ever appended, from index 1 on, dropped ones included.
    pub entries: Vec<Entry>,
    /// The last dropped index.
    pub base: Index,
    /// The highest index reported as committed.
    pub commit: Index,
}

/// An operation on the journal.
#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Append {
        group: u64,
        first: Index,
        entries: Vec<Entry>,
    },
    Vote {
        group: u64,
        term: Term,
        vote: Option<MemberId>,
    },
    Drop {
        group: u64,
        through: Index,
    },
    Commit {
        group: u64,
        index: Index,
    },
    /// A restart after which no more than this index is recorded as committed.
    #[cfg(test)]
    Forget {
        group: u64,
        index: Index,
    },
}

/// The model of all groups.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub groups: BTreeMap<u64, Group>,
}

impl Model {
    /// Applies an operation.
    pub(crate) fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Append { group, first, entries } => {
                let group = self.groups.entry(*group).or_default();
                group.entries.truncate(*first as usize - 1);
                group.entries.extend_from_slice(entries);
            }
            Operation::Vote { group, term, vote } => {
                let group = self.groups.entry(*group).or_default();
                (group.term, group.vote) = (*term, *vote);
            }
            Operation::Drop { group, through } => {
                let group = self.groups.entry(*group).or_default();
                (group.base, group.commit) = (*through, group.commit.max(*through));
            }
            Operation::Commit { group, index } => {
                let group = self.groups.entry(*group).or_default();
                group.commit = group.commit.max(*index);
            }
            #[cfg(test)]
            Operation::Forget { group, index } => self.groups.entry(*group).or_default().commit = *index,
        }
    }

    /// Returns whether a recovered state equals this one. Dropped entries may be back, and a commit index that was
    /// not recorded may be lost.
    pub(crate) fn agrees(&self, groups: &BTreeMap<GroupId, GroupState>) -> bool {
        self.groups.len() == groups.len()
            && groups
                .iter()
                .all(|(id, state)| self.groups.get(&id.0).is_some_and(|group| group.agrees(state)))
    }

    /// Reads everything that the journal holds, and compares it.
    pub(crate) fn check(&self, journal: &Journal) {
        for (id, group) in &self.groups {
            let Some(log) = journal.shape(GroupId(*id)) else { panic!("group {id} is unknown") };
            let (first, last) = (log.horizon() + 1, log.last().index);
            assert!(first <= group.base + 1, "group {id} dropped more than asked");
            assert_eq!(last, group.entries.len() as u64, "last index of group {id}");
            if first <= last {
                let read = journal.read(GroupId(*id), first, last, usize::MAX);
                let read = read.unwrap_or_else(|error| panic!("group {id}: {error}")).frames.concat();
                let expected: Vec<_> =
                    group.entries[first as usize - 1..].iter().map(|entry| entry.bytes.clone()).collect();
                assert!(read == expected.concat(), "entries of group {id}");
            }
        }
    }
}

impl Group {
    fn agrees(&self, state: &GroupState) -> bool {
        let (base, last) = (state.log.base().index, state.log.last().index);
        if (self.term, self.vote, self.entries.len() as u64) != (state.term, state.vote, last)
            || base > self.base
            || state.commit > self.commit
        {
            return false;
        }
        let mut configurations = Vec::new();
        for (index, entry) in (1..).zip(&self.entries) {
            if index > base && state.log.term(index) != Some(entry.term) {
                return false;
            }
            configurations.extend(entry.configuration.clone().map(|configuration| (index, configuration)));
        }
        let retained = configurations.partition_point(|(index, _)| *index <= base).saturating_sub(1);
        state.configurations == configurations[retained..]
    }
}
