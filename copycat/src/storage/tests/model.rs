//! Random histories compared with plain vectors: one suite for every kind of disk.

use super::*;

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
                if let Some(write) = history.journal.next_closing_write() {
                    history.journal.written(write.run()).unwrap();
                }
                history.model.check(&history.journal);
                let durable = history.journal.durable();
                // The old journal is dropped first: it may hold the lock of the directory.
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
            held.extend(journal.read(GroupId(1), index, index, 1).unwrap().frames);
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
        append(&mut journal, 1, joined(&frames));
        for round in 0..3 {
            if round == 2 {
                journal.forget_recent();
            }
            assert_eq!(journal.read(GroupId(1), 1, 10, usize::MAX).unwrap().frames, [joined(&frames)]);
            assert_eq!(journal.read(GroupId(1), 3, 10, 250).unwrap().frames, [joined(&frames[2..4])]);
            assert_eq!(journal.read(GroupId(1), 3, 10, 0).unwrap().frames, [frames[2].clone()]);
            assert!(matches!(journal.read(GroupId(1), 3, 11, 0), Err(StorageError::Absent { .. })));
            assert!(matches!(journal.read(GroupId(2), 1, 1, 0), Err(StorageError::Absent { .. })));
            settle(&mut journal).unwrap();
        }
    }
}
