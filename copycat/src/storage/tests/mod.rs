//! The journal as a whole, on every kind of disk, against plain vectors. Every case prints its seed.

mod crash;
mod damage;
mod failure;
mod golden;
mod limits;
mod model;
mod room;

use super::{Disk, StorageError};
use super::{FileDisk, GroupState, Journal, MemoryDisk, Options, Owner, Position, Recovered, SimulatedDisk};
use crate::codec::configuration::Configuration;
use crate::codec::frame::{Frame, Header, Kind};
use crate::codec::ids::{GroupId, Index, MemberId, Term};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

fn owner() -> Owner {
    Owner { storage: 7, member: MemberId(1), shard: 0 }
}

fn small() -> Options {
    Options { segment_len: 64 << 10, ..Options::new(owner()) }
}

fn frame(group: u64, term: Term, index: Index, body: &[u8]) -> Bytes {
    let mut bytes = Vec::new();
    Header::bare(Kind::Command, GroupId(group), term, index, 0).encode(body, &mut bytes);
    bytes.into()
}

fn configuration_frame(group: u64, term: Term, index: Index, voters: u64) -> Bytes {
    let (mut body, mut bytes) = (Vec::new(), Vec::new());
    Configuration::of_voters((1..=voters).map(MemberId)).encode(&mut body);
    Header::bare(Kind::Configuration, GroupId(group), term, index, 0).encode(&body, &mut bytes);
    bytes.into()
}

/// Runs preparations and writes until there is nothing left to do.
fn settle(journal: &mut Journal) -> Result<(), StorageError> {
    loop {
        prepare(journal);
        let Some(write) = journal.next_write() else { return Ok(()) };
        journal.written(write.run())?;
    }
}

fn prepare(journal: &mut Journal) {
    while let Some(preparation) = journal.next_preparation() {
        journal.prepared(preparation.run());
    }
}

/// Sees to it that the term is recorded, as it is before the first entry of it.
fn begin_term(journal: &mut Journal, group: u64, term: Term) {
    if journal.groups.get(&GroupId(group)).is_none_or(|log| log.state().term < term) {
        match journal.save_vote(GroupId(group), term, None) {
            Ok(_) => {}
            Err(StorageError::NotReady) => {
                prepare(journal);
                journal.save_vote(GroupId(group), term, None).unwrap();
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Appends, recording the term and waiting for a segment if need be.
fn append(journal: &mut Journal, group: u64, frames: Bytes) -> Position {
    if let Some(Ok(last)) = Frame::all_trusted(&frames).last() {
        begin_term(journal, group, last.header.term);
    }
    match journal.append(GroupId(group), frames.clone()) {
        Ok(position) => position,
        Err(StorageError::NotReady) => {
            prepare(journal);
            append(journal, group, frames)
        }
        Err(error) => panic!("{error}"),
    }
}

fn joined(slices: &[Bytes]) -> Vec<u8> {
    slices.concat()
}

/// A directory that goes with its test.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Directory {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("copycat-journal-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Directory(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// One entry of the model.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    term: Term,
    bytes: Bytes,
    configuration: Option<Configuration>,
}

/// One group as a plain vector.
#[derive(Clone, Debug, Default)]
struct Group {
    term: Term,
    vote: Option<MemberId>,
    /// All entries ever, from index 1 on.
    entries: Vec<Entry>,
    /// Through where they were dropped.
    base: Index,
}

/// What was done, in order.
#[derive(Clone, Debug)]
enum Operation {
    Append { group: u64, first: Index, entries: Vec<Entry> },
    Vote { group: u64, term: Term, vote: Option<MemberId> },
    Drop { group: u64, through: Index },
}

#[derive(Clone, Debug, Default)]
struct Model {
    groups: BTreeMap<u64, Group>,
}

impl Model {
    fn apply(&mut self, operation: &Operation) {
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
            Operation::Drop { group, through } => self.groups.entry(*group).or_default().base = *through,
        }
    }

    /// Whether a recovered state is this one; dropped entries may be back.
    fn agrees(&self, groups: &BTreeMap<GroupId, GroupState>) -> bool {
        self.groups.len() == groups.len()
            && groups
                .iter()
                .all(|(id, state)| self.groups.get(&id.0).is_some_and(|group| group.agrees(state)))
    }

    /// Everything the journal holds is read and compared.
    fn check(&self, journal: &Journal) {
        for (id, group) in &self.groups {
            let Some(terms) = journal.terms(GroupId(*id)) else { panic!("group {id} is unknown") };
            let (first, last) = (terms.first(), terms.last().index);
            assert!(first <= group.base + 1, "group {id} dropped more than asked");
            assert_eq!(last, group.entries.len() as u64, "last index of group {id}");
            if first <= last {
                let read = joined(&journal.read(GroupId(*id), first, last, usize::MAX).unwrap());
                let expected: Vec<_> =
                    group.entries[first as usize - 1..].iter().map(|entry| entry.bytes.clone()).collect();
                assert!(read == joined(&expected), "entries of group {id}");
            }
        }
    }
}

impl Group {
    fn agrees(&self, state: &GroupState) -> bool {
        let (base, last) = (state.terms.base().index, state.terms.last().index);
        if (self.term, self.vote, self.entries.len() as u64) != (state.term, state.vote, last)
            || base > self.base
        {
            return false;
        }
        let mut configurations = Vec::new();
        for (index, entry) in (1..).zip(&self.entries) {
            if index > base && state.terms.term(index) != Some(entry.term) {
                return false;
            }
            configurations.extend(entry.configuration.clone().map(|configuration| (index, configuration)));
        }
        let retained = configurations.partition_point(|(index, _)| *index <= base).saturating_sub(1);
        state.configurations == configurations[retained..]
    }
}

/// A kind of disk, and how to come back to it after the process ended.
enum Place {
    File(Directory),
    Memory(Arc<MemoryDisk>),
    Simulated(Arc<SimulatedDisk>),
}

impl Place {
    fn all() -> [Place; 3] {
        [Place::File(Directory::new()), Place::Memory(Arc::default()), Place::Simulated(Arc::default())]
    }

    fn disk(&self) -> Arc<dyn Disk> {
        match self {
            Place::File(directory) => Arc::new(FileDisk::open(directory.path()).unwrap()),
            Place::Memory(disk) => disk.clone(),
            Place::Simulated(disk) => disk.clone(),
        }
    }

    fn open(&self, seed: u64) -> (Journal, Recovered) {
        Journal::open(self.disk(), small(), seed).unwrap()
    }
}
