//! Random histories against plain vectors: one suite, every kind of disk.

use super::*;

/// A journal, what it should hold, and how it came to that.
pub(super) struct History {
    pub journal: Journal,
    pub model: Model,
    /// With the position that has to be durable for each.
    pub operations: Vec<(Position, Operation)>,
    pub random: fastrand::Rng,
}

impl History {
    pub(super) fn new(journal: Journal, seed: u64) -> History {
        let random = fastrand::Rng::with_seed(seed);
        History { journal, model: Model::default(), operations: Vec::new(), random }
    }

    fn record(&mut self, position: Position, operation: Operation) {
        self.model.apply(&operation);
        self.operations.push((position, operation));
    }

    /// One random step; an error only if the disk fails.
    pub(super) fn step(&mut self) -> Result<(), StorageError> {
        match self.random.u8(0..20) {
            0..8 => self.append(),
            8..10 => self.vote(),
            10 => self.drop(),
            11..17 => {
                let Some(write) = self.journal.next_write() else { return Ok(()) };
                self.journal.written(write.run()).map(drop)
            }
            17 => {
                self.journal.forget_recent();
                Ok(())
            }
            _ => {
                if let Some(preparation) = self.journal.next_preparation() {
                    self.journal.prepared(preparation.run());
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
        let conflict = last > model.base && self.random.u8(0..6) == 0;
        let first = if conflict { self.random.u64(model.base + 1..=last) } else { last + 1 };
        let before = first.checked_sub(2).map_or(1, |at| model.entries[at as usize].term);
        // As in Raft, no index ever holds two different entries of one term.
        let newest = model.entries.last().map_or(before, |entry| entry.term);
        let mut term = if conflict { newest + 1 } else { before + u64::from(self.random.u8(0..10) == 0) };
        let mut entries = Vec::new();
        for index in first..first + self.random.u64(1..8) {
            term += u64::from(self.random.u8(0..20) == 0);
            entries.push(self.entry(group, term, index));
        }
        let frames = joined(&entries.iter().map(|entry| entry.bytes.clone()).collect::<Vec<_>>());
        if !self.has_begun(group, term)? {
            return Ok(());
        }
        match self.journal.append(GroupId(group), frames.into()) {
            Ok(position) => self.record(position, Operation::Append { group, first, entries }),
            Err(StorageError::NotReady | StorageError::Full(_)) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Records the term if need be: it is before the first entry of it.
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
        let len =
            if self.random.u8(0..10) == 0 { self.random.usize(0..9_000) } else { self.random.usize(0..300) };
        let mut body = vec![0; len];
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

    /// After an end of the process: what was recovered must be the state after some prefix of the
    /// operations that contains every durable one. History goes on from there.
    pub(super) fn resume(&mut self, durable: Position, journal: Journal, recovered: &Recovered) {
        let must = self.operations.iter().rposition(|(position, _)| *position <= durable && position.0 > 0);
        let must = must.map_or(0, |at| at + 1);
        let mut model = Model::default();
        let mut matching = None;
        for kept in 0..=self.operations.len() {
            if kept > 0 {
                model.apply(&self.operations[kept - 1].1);
            }
            if kept >= must && model.agrees(&recovered.groups) {
                matching = Some((kept, model.clone()));
            }
        }
        let Some((kept, model)) = matching else {
            panic!("recovered no state after an operation from {must} on: {:#?}", recovered.groups)
        };
        self.operations.truncate(kept);
        self.model = model;
        self.journal = journal;
        self.model.check(&self.journal);
        for (id, group) in &mut self.model.groups {
            group.base = self.journal.terms(GroupId(*id)).unwrap().base().index;
        }
    }
}

#[test]
fn agrees_with_plain_vectors_over_many_restarts_on_every_disk() {
    for seed in 0..12 {
        for place in Place::all() {
            let name = std::mem::discriminant(&place);
            println!("seed {seed}, disk {name:?}");
            let mut history = History::new(place.open(seed).0, seed);
            for round in 0..4 {
                for _ in 0..150 {
                    history.step().unwrap();
                }
                history.model.check(&history.journal);
                settle(&mut history.journal).unwrap();
                assert!(history.journal.durable() >= history.journal.end());
                if let Some(write) = history.journal.close() {
                    history.journal.written(write.run()).unwrap();
                }
                history.model.check(&history.journal);
                let durable = history.journal.durable();
                // The old journal goes first: it may hold the lock of the directory.
                let parked = Arc::new(SimulatedDisk::default());
                history.journal = Journal::open(parked, small(), 0).unwrap().0;
                let (journal, recovered) = place.open(seed + round);
                assert_eq!(recovered.cut, None);
                history.resume(durable, journal, &recovered);
            }
        }
    }
}

#[test]
fn slices_outlive_the_segment_they_point_to() {
    for place in Place::all() {
        let (mut journal, _) = place.open(1);
        let (body, mut held) = ([7; 5_000], Vec::new());
        for index in 1..=100 {
            append(&mut journal, 1, frame(1, 1, index, &body));
            settle(&mut journal).unwrap();
            journal.forget_recent();
            held.extend(journal.read(GroupId(1), index, index, 1).unwrap());
            journal.drop_through(GroupId(1), index);
            settle(&mut journal).unwrap();
        }
        assert!(journal.active().header.number > 5, "segments came and went");
        for (index, slice) in (1..).zip(held) {
            assert_eq!(slice, frame(1, 1, index, &body));
        }
    }
}

#[test]
fn segments_that_nothing_holds_are_used_again_and_the_disk_stays_bounded() {
    for place in Place::all() {
        let (mut journal, _) = place.open(1);
        let mut recycled = 0;
        for index in 1..=300 {
            append(&mut journal, 1, frame(1, 1, index, &[7; 5_000]));
            settle(&mut journal).unwrap();
            journal.drop_through(GroupId(1), index);
            settle(&mut journal).unwrap();
            recycled += u64::from(journal.active().header.recycled);
        }
        assert!(recycled > 200, "{recycled}");
        assert!(journal.disk.list().unwrap().len() <= 4, "{:?}", journal.disk.list());
    }
}

#[test]
fn reads_are_bounded_and_adjacent_frames_come_as_one_slice() {
    for place in Place::all() {
        let (mut journal, _) = place.open(1);
        let frames: Vec<_> = (1..=10).map(|index| frame(1, 1, index, &[0; 28])).collect();
        append(&mut journal, 1, joined(&frames).into());
        for round in 0..3 {
            if round == 2 {
                journal.forget_recent();
            }
            assert_eq!(journal.read(GroupId(1), 1, 10, usize::MAX).unwrap(), [joined(&frames)]);
            assert_eq!(journal.read(GroupId(1), 3, 10, 250).unwrap(), [joined(&frames[2..4])]);
            assert_eq!(journal.read(GroupId(1), 3, 10, 0).unwrap(), [frames[2].clone()]);
            assert!(matches!(journal.read(GroupId(1), 3, 11, 0), Err(StorageError::Absent { .. })));
            assert!(matches!(journal.read(GroupId(2), 1, 1, 0), Err(StorageError::Absent { .. })));
            settle(&mut journal).unwrap();
        }
    }
}
