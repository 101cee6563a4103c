//! Commit indexes: recorded with batches that are written anyway, at no cost to them, and recovered by a restart.

use super::*;
use crate::storage::Fault;
use crate::storage::batch_header::BATCH_HEADER_LEN;

const SECOND: Duration = Duration::from_secs(1);

/// Returns the commit index of each group that a restart recovers.
fn recorded(disk: &Arc<SimulatedDisk>) -> Vec<Index> {
    disk.kill();
    let recovered = Place::Simulated(disk.clone()).open(9).1;
    recovered.groups.values().map(|state| state.commit).collect()
}

/// Returns a journal of `groups` groups with two entries each, all of them written.
fn journal(groups: u64) -> (Arc<SimulatedDisk>, Journal) {
    let disk = Arc::new(SimulatedDisk::default());
    let options = JournalOptions { segment_len: 1 << 20, ..small() };
    let mut journal = Journal::open(disk.clone(), options, 1).unwrap().0;
    for group in 1..=groups {
        append(&mut journal, group, [frame(group, 1, 1, b""), frame(group, 1, 2, b"")].concat());
    }
    settle(&mut journal).unwrap();
    (disk, journal)
}

#[test]
fn a_batch_that_is_written_anyway_says_what_is_committed_before_it_and_takes_no_block_more() {
    let (disk, mut journal) = journal(1);
    let before = journal.durable();
    append(&mut journal, 1, frame(1, 1, 3, b"short"));
    journal.note_commit(GroupId(1), 3);
    settle(&mut journal).unwrap();
    assert_eq!((journal.durable().0 - before.0, recorded(&disk)), (4_096, vec![3]));
}

#[test]
fn a_batch_without_padding_leaves_them_to_the_next() {
    let (disk, mut journal) = journal(1);
    let before = journal.durable();
    append(&mut journal, 1, frame(1, 1, 3, &vec![0; 4_096 - BATCH_HEADER_LEN - 72]));
    journal.note_commit(GroupId(1), 3);
    settle(&mut journal).unwrap();
    assert_eq!(journal.durable().0 - before.0, 4_096);
    assert_eq!(journal.groups.get(GroupId(1)).unwrap().state().commit, 0);
    append(&mut journal, 1, frame(1, 1, 4, b""));
    settle(&mut journal).unwrap();
    assert_eq!(recorded(&disk), [3]);
}

#[test]
fn only_the_last_batch_there_is_says_what_is_committed() {
    let (disk, mut journal) = journal(1);
    append(&mut journal, 1, frame(1, 1, 3, &[0; 100_000]));
    journal.note_commit(GroupId(1), 3);
    let batches = journal.batches.waiting();
    while journal.batches.waiting() == batches {
        let index = journal.shape(GroupId(1)).unwrap().last().index + 1;
        append(&mut journal, 1, frame(1, 1, index, &[0; 100_000]));
        journal.note_commit(GroupId(1), index);
    }
    // The batch before the last one. The last one begins a segment with a checkpoint, which records the commit index.
    let write = journal.next_write().unwrap();
    journal.written(write.run()).unwrap();
    assert_eq!(recorded(&disk), [0]);
}

#[test]
fn a_second_in_which_nothing_was_written_ends_with_a_batch_that_says_it_and_is_followed_by_none() {
    let (disk, mut journal) = journal(3);
    journal.tick(SECOND);
    journal.note_commit(GroupId(1), 1);
    journal.note_commit(GroupId(2), 2);
    for early in [2 * SECOND, 3 * SECOND - Duration::from_nanos(1)] {
        journal.tick(early);
        assert!(journal.next_write().is_none(), "not yet");
    }
    journal.tick(3 * SECOND);
    let flushes = journal.flushed().flushes;
    settle(&mut journal).unwrap();
    for second in 4..20 {
        journal.tick(second * SECOND);
        settle(&mut journal).unwrap();
    }
    assert_eq!(journal.flushed().flushes, flushes + 1);
    assert_eq!(recorded(&disk), [1, 2, 0]);
}

#[test]
fn on_a_full_disk_no_batch_is_spent_on_them() {
    let (disk, mut journal) = journal(1);
    while journal.active().header.number == 0 {
        let index = journal.shape(GroupId(1)).unwrap().last().index + 1;
        append(&mut journal, 1, frame(1, 1, index, &[0; 10_000]));
    }
    while let Some(write) = journal.next_write() {
        journal.written(write.run()).unwrap();
    }
    disk.inject(Fault::Full);
    preallocate(&mut journal);
    assert!(journal.is_full());
    journal.note_commit(GroupId(1), 2);
    (0..9).for_each(|second| journal.tick(second * SECOND));
    assert!(journal.next_write().is_none());
    journal.save_vote(GroupId(1), 2, None).unwrap();
    settle(&mut journal).unwrap();
    assert_eq!(recorded(&disk), [2], "a vote takes them along");
}

#[test]
fn of_a_thousand_groups_each_gets_its_turn() {
    let (disk, mut journal) = journal(1_000);
    for group in 1..=1_000 {
        journal.note_commit(GroupId(group), 1);
    }
    let mut batches = 0;
    while journal.groups.states().values().any(|state| state.commit == 0) {
        batches += 1;
        append(&mut journal, 1, frame(1, 1, 2 + batches, b""));
        // A busy group, which must not delay the others.
        journal.note_commit(GroupId(1), 2 + batches);
        settle(&mut journal).unwrap();
    }
    // This many fit the block of one entry.
    assert_eq!(batches, 1_000u64.div_ceil(55));
    assert!(recorded(&disk).iter().all(|commit| *commit >= 1));
}

#[test]
fn the_closing_record_says_it_of_a_thousand_groups() {
    let (disk, mut journal) = journal(1_000);
    (1..=1_000).for_each(|group| journal.note_commit(GroupId(group), 2));
    close(&mut journal).unwrap();
    let recorded = recorded(&disk);
    assert_eq!(recorded.iter().filter(|commit| **commit == 2).count(), 910 + 56);
}

#[test]
fn what_is_committed_is_never_replaced() {
    let (disk, mut journal) = journal(1);
    journal.note_commit(GroupId(1), 1);
    begin_term(&mut journal, 1, 2);
    let refused = journal.append(GroupId(1), &entries(1, frame(1, 2, 1, b"")).unwrap());
    assert!(matches!(refused, Err(StorageError::Misplaced { first: 2, last: 2, .. })), "{refused:?}");
    journal.append(GroupId(1), &entries(1, frame(1, 2, 2, b"")).unwrap()).unwrap();
    settle(&mut journal).unwrap();
    assert_eq!(recorded(&disk), [1]);
}

#[test]
#[should_panic(expected = "is committed, and the log ends with 2")]
fn what_is_not_there_is_not_committed() {
    journal(1).1.note_commit(GroupId(1), 3);
}
