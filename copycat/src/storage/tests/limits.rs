//! The largest, the smallest and the most.

use super::*;
use crate::codec::frame::BODY_MAX;
use crate::storage::position::BLOCK;

#[test]
fn the_largest_frame_and_empty_bodies_fit_on_every_disk_even_in_small_segments() {
    for place in Place::all() {
        let (mut journal, _) = place.open(1);
        let largest = frame(1, 1, 2, &vec![9; BODY_MAX]);
        append(&mut journal, 1, frame(1, 1, 1, b""));
        append(&mut journal, 1, largest.clone());
        append(&mut journal, 1, frame(1, 1, 3, b""));
        settle(&mut journal).unwrap();
        assert_eq!(joined(&journal.read(GroupId(1), 2, 2, 0).unwrap().frames), largest);
        drop(journal);
        let (journal, recovered) = place.open(2);
        assert_eq!(recovered.groups[&GroupId(1)].log.last().index, 3);
        assert_eq!(joined(&journal.read(GroupId(1), 2, 2, 0).unwrap().frames), largest);
    }
}

#[test]
fn an_append_of_more_chunks_than_one_call_takes_arrives_whole() {
    let place = Place::File(Directory::new());
    let options = JournalOptions { segment_len: 4 << 20, ..small() };
    let (mut journal, _) = Journal::open(place.disk(), options.clone(), 1).unwrap();
    settle(&mut journal).unwrap();
    for index in 1..=3_000 {
        append(&mut journal, 1, frame(1, 1, index, &index.to_le_bytes()));
    }
    let before = journal.durable();
    let write = journal.next_write().unwrap();
    assert!(journal.written(write.run()).unwrap() > before);
    assert_eq!(journal.next_write().map(|_| ()), None, "all of it was one batch");
    let read = joined(&journal.read(GroupId(1), 1, 3_000, usize::MAX).unwrap().frames);
    drop(journal);
    let (journal, _) = Journal::open(place.disk(), options, 1).unwrap();
    assert_eq!(joined(&journal.read(GroupId(1), 1, 3_000, usize::MAX).unwrap().frames), read);
}

#[test]
fn batches_are_bounded() {
    let options = JournalOptions { batch_max: 10_000, ..small() };
    let (mut journal, _) = Journal::open(Arc::<SimulatedDisk>::default(), options, 1).unwrap();
    settle(&mut journal).unwrap();
    for index in 1..=6 {
        append(&mut journal, 1, frame(1, 1, index, &[0; 4_000]));
    }
    let mut writes = 0;
    while let Some(write) = journal.next_write() {
        journal.written(write.run()).unwrap();
        writes += 1;
    }
    assert_eq!(writes, 3);
}

#[test]
fn a_thousand_groups_fit_a_checkpoint_and_come_back() {
    let place = Place::Simulated(Arc::default());
    let (mut journal, _) = place.open(1);
    for round in 1..=3 {
        for group in 1..=1_000 {
            append(&mut journal, group, frame(group, 1, round, &[5; 60]));
            journal.save_vote(GroupId(group), round, Some(MemberId(group))).unwrap_or_else(|_| {
                preallocate(&mut journal);
                journal.save_vote(GroupId(group), round, Some(MemberId(group))).unwrap()
            });
        }
        settle(&mut journal).unwrap();
    }
    assert!(journal.active().header.number > 1);
    drop(journal);
    let (journal, recovered) = place.open(1);
    assert_eq!(recovered.groups.len(), 1_000);
    for (group, state) in &recovered.groups {
        assert_eq!((state.term, state.vote, state.log.last().index), (3, Some(MemberId(group.0)), 3));
        assert_eq!(journal.read(*group, 1, 3, usize::MAX).unwrap().frames.concat().len(), 3 * 132);
    }
}

#[test]
fn what_does_not_continue_the_log_is_refused_and_changes_nothing() {
    let (mut journal, _) = Place::Simulated(Arc::default()).open(1);
    append(&mut journal, 1, frame(1, 5, 1, b"one"));
    append(&mut journal, 1, frame(1, 5, 2, b"two"));
    journal.drop_through(GroupId(1), 1);
    let end = journal.end();
    for frames in [frame(1, 5, 1, b""), frame(1, 4, 3, b""), frame(1, 5, 4, b"")] {
        let refused = journal.append(GroupId(1), &entries(1, frames).unwrap());
        assert!(matches!(refused, Err(StorageError::Misplaced { .. })), "{refused:?}");
    }
    let unrecorded = journal.append(GroupId(1), &entries(1, frame(1, 6, 3, b"")).unwrap());
    assert!(matches!(unrecorded, Err(StorageError::Malformed { .. })), "of a term nobody saved");
    assert_eq!((journal.end(), journal.shape(GroupId(1)).unwrap().last().index), (end, 2));
    assert_eq!(journal.append(GroupId(1), &Entries::default()).unwrap(), end);
}

#[test]
fn a_batch_begins_on_a_block_and_later_appends_gather_behind_the_write_under_way() {
    let (mut journal, _) = Place::Simulated(Arc::default()).open(1);
    settle(&mut journal).unwrap();
    let first = append(&mut journal, 1, frame(1, 1, 1, b"first"));
    let write = journal.next_write().unwrap();
    let second = append(&mut journal, 1, frame(1, 1, 2, b"second"));
    let third = append(&mut journal, 1, frame(1, 1, 3, b"third"));
    assert!(journal.next_write().is_none(), "one write at a time");
    assert_eq!(second.0 / BLOCK, first.0 / BLOCK + 1);
    assert_eq!(second.0 / BLOCK, third.0 / BLOCK);
    assert_eq!(journal.read(GroupId(1), 1, 3, usize::MAX).unwrap().frames.concat().len(), 3 * 72 + 16);
    let durable = journal.written(write.run()).unwrap();
    assert!(first <= durable && second > durable);
    settle(&mut journal).unwrap();
    assert!(journal.durable() >= third);
}

#[test]
fn the_newest_entries_are_served_from_memory() {
    let (mut journal, _) = Journal::open(Arc::<SimulatedDisk>::default(), small(), 1).unwrap();
    let in_memory = |journal: &Journal, index, frame: &Bytes| {
        journal.read(GroupId(1), index, index, 0).unwrap().frames[0].as_ptr() == frame.as_ptr()
    };
    let mut frames = vec![Bytes::new()];
    for index in 1..=40 {
        frames.push(frame(1, 1, index, &[0; 1_000_000]));
        append(&mut journal, 1, frames[index as usize].clone());
        settle(&mut journal).unwrap();
    }
    let kept = (1..=40).filter(|index| in_memory(&journal, *index, &frames[*index as usize]));
    assert_eq!(kept.collect::<Vec<_>>(), (25..=40).collect::<Vec<_>>());
    // One batch that is longer than everything that is otherwise kept.
    let long: Bytes = (41..=60).flat_map(|index| frame(1, 1, index, &[0; 1_000_000])).collect();
    append(&mut journal, 1, long.clone());
    settle(&mut journal).unwrap();
    assert!(in_memory(&journal, 41, &long));
    assert!(!in_memory(&journal, 40, &frames[40]));
}
