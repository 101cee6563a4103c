//! Full disks, and disks that fail.

use super::*;
use crate::storage::Fault;
use crate::storage::reserve::Purpose;

fn simulated() -> (Arc<SimulatedDisk>, Journal) {
    let disk = Arc::new(SimulatedDisk::default());
    let journal = Place::Simulated(disk.clone()).open(1).0;
    (disk, journal)
}

#[test]
fn a_full_disk_refuses_entries_takes_votes_and_works_again() {
    let (disk, mut journal) = simulated();
    disk.inject(Fault::Full);
    begin_term(&mut journal, 1, 1);
    let mut index = 0;
    let full = loop {
        settle(&mut journal).unwrap();
        match journal.append(GroupId(1), &entries(1, frame(1, 1, index + 1, &[1; 5_000])).unwrap()) {
            Ok(_) => index += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(&full, StorageError::Full(error) if error.is_full()), "{full}");
    assert!(journal.is_full() && journal.next_preallocation().is_none());
    assert_eq!(journal.shape(GroupId(1)).unwrap().last().index, index, "nothing was appended");
    journal.save_vote(GroupId(1), 2, Some(MemberId(3))).unwrap();
    settle(&mut journal).unwrap();
    assert!(journal.append(GroupId(1), &entries(1, frame(1, 2, index + 1, &[1; 5_000])).unwrap()).is_err());
    journal.retry_preallocation();
    preallocate(&mut journal);
    journal.append(GroupId(1), &entries(1, frame(1, 2, index + 1, &[1; 5_000])).unwrap()).unwrap();
    settle(&mut journal).unwrap();
    disk.kill();
    let recovered = Place::Simulated(disk).open(2).1;
    let state = &recovered.groups[&GroupId(1)];
    assert_eq!((state.term, state.vote, state.log.last().index), (2, Some(MemberId(3)), index + 1));
}

#[test]
fn votes_are_refused_when_their_reserve_is_used_up() {
    let (disk, mut journal) = simulated();
    disk.inject(Fault::Full);
    settle(&mut journal).unwrap();
    let mut refused = None;
    for term in 1..100 {
        let saved = journal.save_vote(GroupId(1), term, None);
        settle(&mut journal).unwrap();
        refused = refused.or(saved.err().map(|error| (term, error)));
    }
    let (term, error) = refused.unwrap();
    assert!(term > 4 && matches!(error, StorageError::Full(_)), "{term}: {error}");
    assert!(journal.next_closing_write().is_some(), "the last block is for the orderly end");
}

#[test]
fn dropping_entries_makes_space_on_a_full_disk() {
    let (disk, mut journal) = simulated();
    let mut index = 0;
    while journal.active().header.number < 3 {
        index += 1;
        append(&mut journal, 1, frame(1, 1, index, &[1; 5_000]));
        journal.next_write().map(|write| journal.written(write.run()).unwrap());
    }
    (0..9).for_each(|_| disk.inject(Fault::Full));
    let error = loop {
        settle(&mut journal).unwrap();
        match journal.append(GroupId(1), &entries(1, frame(1, 1, index + 1, &[1; 5_000])).unwrap()) {
            Ok(_) => index += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StorageError::Full(_)), "{error}");
    journal.drop_through(GroupId(1), index);
    settle(&mut journal).unwrap();
    assert!(!journal.is_full(), "a dropped segment was used again, which takes no space");
    append(&mut journal, 1, frame(1, 1, index + 1, &[1; 5_000]));
}

#[test]
fn an_error_of_a_write_or_flush_ends_the_journal_for_good() {
    for fault in [Fault::Write, Fault::Sync] {
        let (disk, mut journal) = simulated();
        append(&mut journal, 1, frame(1, 1, 1, b"acknowledged"));
        settle(&mut journal).unwrap();
        let durable = journal.durable();
        append(&mut journal, 1, frame(1, 1, 2, b"never"));
        disk.inject(fault);
        let write = journal.next_write().unwrap();
        let failed = journal.written(write.run()).unwrap_err().to_string();
        let is_same = |error: StorageError| {
            assert!(matches!(error, StorageError::Failed(_)) && error.to_string() == failed, "{error}");
            assert!(!error.is_of_group(), "nothing can be stored any more");
        };
        is_same(journal.append(GroupId(1), &entries(1, frame(1, 1, 3, b"")).unwrap()).unwrap_err());
        is_same(journal.save_vote(GroupId(1), 2, None).unwrap_err());
        is_same(journal.read(GroupId(1), 1, 1, 1).unwrap_err());
        assert!(journal.next_write().is_none() && journal.next_preallocation().is_none());
        assert!(journal.next_closing_write().is_none());
        assert_eq!(journal.durable(), durable);
        disk.kill();
        let recovered = Place::Simulated(disk).open(2).1;
        assert!(recovered.groups[&GroupId(1)].log.last().index >= 1);
    }
}

#[test]
fn one_directory_has_one_owner_at_a_time() {
    let directory = Directory::new();
    let first = FileDisk::open(directory.path()).unwrap();
    assert!(matches!(FileDisk::open(directory.path()), Err(StorageError::Locked { .. })));
    drop(first);
    assert!(FileDisk::open(directory.path()).is_ok());
}

#[test]
fn a_directory_that_cannot_be_made_is_a_typed_error() {
    let directory = Directory::new();
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(matches!(FileDisk::open(&file.join("journal")), Err(StorageError::Disk(_))));
}

#[test]
fn what_is_longer_than_the_segment_that_is_ready_gets_a_longer_one() {
    let (_, mut journal) = simulated();
    journal.save_vote(GroupId(1), 1, None).unwrap();
    preallocate(&mut journal);
    let long = frame(1, 1, 1, &[1; 300_000]);
    assert!(matches!(journal.space_for(long.len()), Err(StorageError::NotReady)));
    preallocate(&mut journal);
    journal.space_for(long.len()).unwrap();
    journal.append(GroupId(1), &entries(1, long).unwrap()).unwrap();
    settle(&mut journal).unwrap();
}

#[test]
fn of_two_segments_without_batches_the_second_goes_before_the_first_is_replaced() {
    let (disk, mut journal) = simulated();
    let mut index = 0;
    // The journal has rolled, the next segment is ready, and no batch of the new segment is written.
    settle(&mut journal).unwrap();
    while journal.active().header.number == 0 {
        index += 1;
        append(&mut journal, 1, frame(1, 1, index, &[1; 5_000]));
    }
    preallocate(&mut journal);
    disk.kill();
    let (mut journal, _) = Place::Simulated(disk.clone()).open(2);
    assert!(journal.space_for(300_000).is_err());
    preallocate(&mut journal);
    disk.kill();
    let (mut journal, _) = Place::Simulated(disk).open(3);
    journal.space_for(300_000).unwrap();
}

#[test]
fn a_segment_that_is_ready_is_not_given_up_for_one_that_cannot_be_made() {
    let (disk, mut journal) = simulated();
    preallocate(&mut journal);
    begin_term(&mut journal, 1, 1);
    let (short, long) = (frame(1, 1, 1, &[0; 2_000]).len(), 100_000);
    let mut index = 0;
    while journal.make_space_here(short, Purpose::Entries) {
        index += 1;
        journal.append(GroupId(1), &entries(1, frame(1, 1, index, &[0; 2_000])).unwrap()).unwrap();
    }
    journal.space_for(short).unwrap();
    for _ in 0..3 {
        assert!(matches!(journal.space_for(long), Err(StorageError::NotReady)));
        disk.inject(Fault::Full);
        preallocate(&mut journal);
        assert!(matches!(journal.space_for(long), Err(StorageError::Full(_))));
        journal.space_for(short).unwrap();
        journal.retry_preallocation();
        assert!(journal.next_preallocation().is_none(), "nobody has asked for a longer one again");
        journal.space_for(short).unwrap();
    }
    // There is space again.
    assert!(matches!(journal.space_for(long), Err(StorageError::NotReady)));
    preallocate(&mut journal);
    journal.space_for(long).unwrap();
    append(&mut journal, 1, frame(1, 1, index + 1, &[0; 2_000]));
    settle(&mut journal).unwrap();
    disk.kill();
    let (_, recovered) = Place::Simulated(disk).open(2);
    assert_eq!(recovered.groups[&GroupId(1)].log.last().index, index + 1);
}
