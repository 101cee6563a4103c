//! What a journal should hold, as plain vectors.

use crate::codec::configuration::Configuration;
use crate::codec::ids::{GroupId, Index, MemberId, Term};
use crate::storage::{GroupState, Journal};
use bytes::Bytes;
use std::collections::BTreeMap;

/// One entry of the model.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub term: Term,
    /// Its frame.
    pub bytes: Bytes,
    pub configuration: Option<Configuration>,
}

/// One group as a plain vector.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    pub term: Term,
    pub vote: Option<MemberId>,
    /// All entries ever, from index 1 on.
    pub entries: Vec<Entry>,
    /// Through where they were dropped.
    pub base: Index,
    /// Through where they were said to be committed.
    pub commit: Index,
}

/// What was done.
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
    /// A restart that finds no more recorded as committed than this.
    #[cfg(test)]
    Forget {
        group: u64,
        index: Index,
    },
}

/// All groups.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub groups: BTreeMap<u64, Group>,
}

impl Model {
    /// Takes note of what was done.
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

    /// Whether a recovered state is this one; dropped entries may be back, and a commit index that was not recorded may
    /// be forgotten.
    pub(crate) fn agrees(&self, groups: &BTreeMap<GroupId, GroupState>) -> bool {
        self.groups.len() == groups.len()
            && groups
                .iter()
                .all(|(id, state)| self.groups.get(&id.0).is_some_and(|group| group.agrees(state)))
    }

    /// Everything the journal holds is read and compared.
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
