//! Random histories of a journal, compared with plain vectors: for the tests of this layer, and for tests that damage
//! what a history left on a disk. Not part of a running member.
//!
//! Begin with [`History`], then [`model`].

pub(crate) mod model;

use super::{Journal, JournalOptions, Owner, Position, Recovered, StorageError};
use crate::codec::configuration::Configuration;
use crate::codec::cursor::Malformed;
use crate::codec::entries::Entries;
use crate::codec::frame::{Frame, Header, Kind};
use crate::codec::ids::{GroupId, Index, MemberId, Term};
use crate::codec::terms::LogId;
use bytes::Bytes;
use model::{Entry, Group, Model, Operation};
use std::time::Duration;

/// Returns the owner of the test journals.
pub(crate) fn owner() -> Owner {
    Owner { disk_id: 7, member: MemberId(1), shard: 0 }
}

/// Returns options with the shortest segments.
pub(crate) fn small() -> JournalOptions {
    JournalOptions { segment_len: 64 << 10, ..JournalOptions::new(owner()) }
}

/// Returns the frame of a command.
pub(crate) fn frame(group: u64, term: Term, index: Index, body: &[u8]) -> Bytes {
    let mut bytes = Vec::new();
    Header::bare(Kind::Command, GroupId(group), term, index, 0).encode(body, &mut bytes);
    bytes.into()
}

/// Returns the frame of a configuration of the voters `1 ..= voters`.
pub(crate) fn configuration_frame(group: u64, term: Term, index: Index, voters: u64) -> Bytes {
    let (mut body, mut bytes) = (Vec::new(), Vec::new());
    Configuration::of_voters((1..=voters).map(MemberId)).encode(&mut body);
    Header::bare(Kind::Configuration, GroupId(group), term, index, 0).encode(&body, &mut bytes);
    bytes.into()
}

/// Runs preallocations and writes until there is nothing left to do.
pub(crate) fn settle(journal: &mut Journal) -> Result<(), StorageError> {
    loop {
        preallocate(journal);
        let Some(write) = journal.next_write() else { return Ok(()) };
        journal.written(write.run())?;
    }
}

/// Runs preallocations until there is none left to do.
pub(crate) fn preallocate(journal: &mut Journal) {
    while let Some(preallocation) = journal.next_preallocation() {
        journal.preallocated(preallocation.run());
    }
}

/// Closes the journal in order, with the closing record if there is space for it.
pub(crate) fn close(journal: &mut Journal) -> Result<(), StorageError> {
    settle(journal)?;
    match journal.next_closing_write() {
        Some(write) => journal.written(write.run()).map(drop),
        None => Ok(()),
    }
}

/// Returns packed frames of one group as entries. Fails if they are no consecutive entries of it.
pub(crate) fn entries(group: u64, frames: impl Into<Bytes>) -> Result<Entries, Malformed> {
    let frames = frames.into();
    let first = Frame::all_trusted(&frames).next().transpose()?.map_or(1, |first| first.header.index);
    Entries::read(GroupId(group), LogId::new(0, first.wrapping_sub(1)), Term::MAX, frames)
}

/// Ensures that the term is recorded, as it must be before the first entry of this term.
pub(crate) fn begin_term(journal: &mut Journal, group: u64, term: Term) {
    if journal.groups.get(GroupId(group)).is_none_or(|log| log.state().term < term) {
        match journal.save_vote(GroupId(group), term, None) {
            Ok(_) => {}
            Err(StorageError::NotReady) => {
                preallocate(journal);
                journal.save_vote(GroupId(group), term, None).expect("a segment was preallocated");
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Appends entries. Records the term and waits for a segment if needed.
pub(crate) fn append(journal: &mut Journal, group: u64, frames: impl Into<Bytes>) -> Position {
    let entries = entries(group, frames).expect("consecutive entries");
    append_entries(journal, group, &entries)
}

fn append_entries(journal: &mut Journal, group: u64, entries: &Entries) -> Position {
    if let Some(last) = entries.spans().last() {
        begin_term(journal, group, last.term);
    }
    match journal.append(GroupId(group), entries) {
        Ok(position) => position,
        Err(StorageError::NotReady) => {
            preallocate(journal);
            append_entries(journal, group, entries)
        }
        Err(error) => panic!("{error}"),
    }
}

/// A journal, its expected contents, and the operations that led to them.
pub(crate) struct History {
    /// The journal.
    pub journal: Journal,
    /// The expected contents of the journal.
    pub model: Model,
    /// The operations, each with the position that must be durable for it.
    pub operations: Vec<(Position, Operation)>,
    /// Longest body of an ordinary entry in bytes; one in ten is up to thirty times as long.
    pub body_max: usize,
    /// The source of all random choices.
    pub random: fastrand::Rng,
    /// The current time.
    pub now: Duration,
}

impl History {
    /// Returns a history that begins with this empty journal.
    pub(crate) fn new(journal: Journal, seed: u64) -> History {
        let random = fastrand::Rng::with_seed(seed);
        let (model, operations, now) = (Model::default(), Vec::new(), Duration::ZERO);
        History { journal, model, operations, body_max: 300, random, now }
    }

    fn record(&mut self, position: Position, operation: Operation) {
        self.model.apply(&operation);
        self.operations.push((position, operation));
    }

    /// Lets a little time pass. This may be enough for the tick to record commit indexes.
    fn pass(&mut self) {
        self.now += Duration::from_millis(self.random.u64(0..700));
        self.journal.tick(self.now);
    }

    /// Takes one random step. Fails only if the disk fails.
    pub(crate) fn step(&mut self) -> Result<(), StorageError> {
        match self.random.u8(0..20) {
            0..8 => self.append(),
            8..10 => self.vote(),
            10 => self.drop(),
            11..13 => self.commit(),
            13..17 => {
                let Some(write) = self.journal.next_write() else { return Ok(()) };
                self.journal.written(write.run()).map(drop)
            }
            17 => {
                self.journal.forget_recent();
                self.pass();
                Ok(())
            }
            _ => {
                if let Some(preallocation) = self.journal.next_preallocation() {
                    self.journal.preallocated(preallocation.run());
                }
                Ok(())
            }
        }
    }

    fn append(&mut self) -> Result<(), StorageError> {
        let group = self.random.u64(1..6);
        let unknown = Group::default();
        let model = self.model.groups.get(&group).unwrap_or(&unknown);
        let last = model.entries.len() as u64;
        let conflict = last > model.commit && self.random.u8(0..6) == 0;
        let first = if conflict { self.random.u64(model.commit + 1..=last) } else { last + 1 };
        let before = first.checked_sub(2).map_or(1, |at| model.entries[at as usize].term);
        // As in Raft, no index ever holds two different entries of one term.
        let newest = model.entries.last().map_or(before, |entry| entry.term);
        let mut term = if conflict { newest + 1 } else { before + u64::from(self.random.u8(0..10) == 0) };
        let mut entries = Vec::new();
        for index in first..first + self.random.u64(1..8) {
            term += u64::from(self.random.u8(0..20) == 0);
            entries.push(self.entry(group, term, index));
        }
        let frames: Vec<_> = entries.iter().map(|entry| entry.bytes.clone()).collect();
        if !self.has_begun(group, term)? {
            return Ok(());
        }
        let arrival = self::entries(group, frames.concat()).expect("consecutive entries");
        match self.journal.append(GroupId(group), &arrival) {
            Ok(position) => self.record(position, Operation::Append { group, first, entries }),
            Err(StorageError::NotReady | StorageError::Full(_)) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Records the term if needed: it must be recorded before the first entry of this term.
    fn has_begun(&mut self, group: u64, term: Term) -> Result<bool, StorageError> {
        if self.model.groups.get(&group).is_some_and(|group| group.term >= term) {
            return Ok(true);
        }
        self.save_vote(group, term, None)
    }

    fn entry(&mut self, group: u64, term: Term, index: Index) -> Entry {
        if self.random.u8(0..30) == 0 {
            let voters = self.random.u64(1..6);
            let configuration = Some(Configuration::of_voters((1..=voters).map(MemberId)));
            return Entry { term, bytes: configuration_frame(group, term, index, voters), configuration };
        }
        let longest = if self.random.u8(0..10) == 0 { self.body_max * 30 } else { self.body_max };
        let mut body = vec![0; self.random.usize(0..longest)];
        self.random.fill(&mut body);
        Entry { term, bytes: frame(group, term, index, &body), configuration: None }
    }

    fn vote(&mut self) -> Result<(), StorageError> {
        let group = self.random.u64(1..6);
        let known = self.model.groups.get(&group).map_or(0, |group| group.term);
        let vote = Some(MemberId(self.random.u64(1..4)));
        self.save_vote(group, known + 1, vote).map(drop)
    }

    fn save_vote(&mut self, group: u64, term: Term, vote: Option<MemberId>) -> Result<bool, StorageError> {
        match self.journal.save_vote(GroupId(group), term, vote) {
            Ok(position) => {
                self.record(position, Operation::Vote { group, term, vote });
                Ok(true)
            }
            Err(StorageError::NotReady | StorageError::Full(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn drop(&mut self) -> Result<(), StorageError> {
        let group = self.random.u64(1..6);
        let Some(model) = self.model.groups.get(&group) else { return Ok(()) };
        let last = model.entries.len() as u64;
        let through = self.random.u64(model.base..=last);
        self.journal.drop_through(GroupId(group), through);
        self.record(Position(0), Operation::Drop { group, through });
        Ok(())
    }

    /// Commits a random part of the entries, sometimes all of them.
    fn commit(&mut self) -> Result<(), StorageError> {
        let group = self.random.u64(1..6);
        let Some(model) = self.model.groups.get(&group) else { return Ok(()) };
        let last = model.entries.len() as u64;
        let index = self.random.u64(model.commit..=last);
        self.journal.note_commit(GroupId(group), index);
        self.record(Position(0), Operation::Commit { group, index });
        Ok(())
    }

    /// Continues after an end of the process from what was recovered.
    #[cfg(test)]
    pub(crate) fn resume(&mut self, durable: Position, journal: Journal, recovered: &Recovered) {
        let (kept, model) = recovered_prefix(&self.operations, durable, &journal, recovered);
        self.operations.truncate(kept);
        self.model = model;
        self.journal = journal;
        for (id, group) in &mut self.model.groups {
            let log = self.journal.shape(GroupId(*id)).expect("the group was recovered");
            group.base = log.base().index;
            // A commit index that was not recorded is lost; the group learns it again later.
            let forgotten = group.commit > recovered.groups[&GroupId(*id)].commit;
            group.commit = recovered.groups[&GroupId(*id)].commit;
            if forgotten {
                let (group, index) = (*id, group.commit);
                self.operations.push((Position(0), Operation::Forget { group, index }));
            }
        }
    }
}

/// Checks that the recovered state is the state after some prefix of the operations. The prefix must contain every
/// operation that `durable` covers. Returns the number of operations in it, and the state.
pub(crate) fn recovered_prefix(
    operations: &[(Position, Operation)],
    durable: Position,
    journal: &Journal,
    recovered: &Recovered,
) -> (usize, Model) {
    let must = operations.iter().rposition(|(position, _)| *position <= durable && position.0 > 0);
    let must = must.map_or(0, |at| at + 1);
    let mut model = Model::default();
    let mut matching = None;
    for kept in 0..=operations.len() {
        if kept > 0 {
            model.apply(&operations[kept - 1].1);
        }
        if kept >= must && model.agrees(&recovered.groups) {
            matching = Some((kept, model.clone()));
        }
    }
    let Some((kept, model)) = matching else {
        panic!("recovered no state after an operation from {must} on: {:#?}", recovered.groups)
    };
    model.check(journal);
    (kept, model)
}
