//! Ends of the process and power failures at any moment: durable frames survive, and only frames that were written
//! appear.

use super::*;
use crate::storage::{Fault, Position};

/// Runs a history on a simulated disk and interrupts it repeatedly, in every way that the disk simulates.
fn interrupted(seed: u64) -> usize {
    let disk = Arc::new(SimulatedDisk::default());
    let place = Place::Simulated(disk.clone());
    let mut history = History::new(place.open(seed).0, seed);
    let mut cuts = 0;
    for _ in 0..5 {
        for _ in 0..history.random.usize(1..120) {
            history.step().unwrap();
        }
        let durable = history.journal.durable();
        // The end comes before a write, between write and flush, or between the flush and its report.
        if let Some(write) = history.journal.next_write() {
            match history.random.u8(0..3) {
                0 => {}
                1 => {
                    disk.inject(Fault::Power);
                    assert!(history.journal.written(write.run()).is_err());
                }
                _ => drop(write.run()),
            }
        }
        if history.random.bool() {
            disk.crash(history.random.u64(..));
        } else {
            disk.kill();
        }
        disk.heal();
        let (journal, recovered) = place.open(seed);
        cuts += usize::from(recovered.cut.is_some());
        history.resume(durable, journal, &recovered);
    }
    cuts
}

#[test]
fn every_acknowledged_frame_survives_and_the_rest_is_a_prefix() {
    let mut cuts = 0;
    for seed in 0..120 {
        println!("seed {seed}");
        cuts += interrupted(seed);
    }
    assert!(cuts > 25, "a test that tears nothing tests nothing: {cuts} torn tails");
}

/// The power fails during each write in turn, each time with several outcomes for its sectors.
#[test]
fn every_prefix_of_writes_survives_a_power_cut() {
    for survived in 0..30 {
        for fate in 0..8 {
            println!("{survived} writes, fate {fate}");
            let disk = Arc::new(SimulatedDisk::default());
            let place = Place::Simulated(disk.clone());
            let mut journal = place.open(1).0;
            settle(&mut journal).unwrap();
            let (mut written, mut positions) = (0, Vec::new());
            for index in 1.. {
                if index == 1 {
                    journal.save_vote(GroupId(1), 1, Some(MemberId(2))).unwrap();
                }
                let body = vec![index as u8; 300 * index as usize];
                positions.push(append(&mut journal, 1, frame(1, 1, index, &body)));
                let write = journal.next_write().unwrap();
                if written == survived {
                    disk.inject(Fault::Power);
                    assert!(matches!(journal.written(write.run()), Err(StorageError::Failed(_))));
                    break;
                }
                journal.written(write.run()).unwrap();
                written += 1;
            }
            let durable = journal.durable();
            disk.crash(fate);
            let (mut journal, recovered) = place.open(2);
            let last = recovered.groups.get(&GroupId(1)).map_or(0, |state| state.log.last().index);
            let acknowledged = positions.iter().filter(|position| **position <= durable).count() as u64;
            assert!(acknowledged <= last && last <= positions.len() as u64, "{last} of {acknowledged}");
            if last > 0 {
                assert_eq!(recovered.groups[&GroupId(1)].vote, Some(MemberId(2)));
                let read = joined(&journal.read(GroupId(1), 1, last, usize::MAX).unwrap().frames);
                let expected: Vec<_> =
                    (1..=last).map(|at| frame(1, 1, at, &vec![at as u8; 300 * at as usize])).collect();
                assert_eq!(read, joined(&expected));
            }
            append(&mut journal, 1, frame(1, 2, last + 1, b"goes on"));
            settle(&mut journal).unwrap();
        }
    }
}

/// A flush fails, the process restarts, and the cache still shows bytes that the medium never received.
#[test]
fn what_only_the_cache_has_is_not_counted_after_a_failed_flush() {
    let disk = Arc::new(SimulatedDisk::default());
    let place = Place::Simulated(disk.clone());
    let mut journal = place.open(1).0;
    append(&mut journal, 1, frame(1, 1, 1, b"kept"));
    settle(&mut journal).unwrap();
    append(&mut journal, 1, frame(1, 1, 2, b"lost"));
    disk.inject(Fault::Sync);
    assert!(matches!(settle(&mut journal), Err(StorageError::Failed(_))));
    disk.kill();
    let (journal, recovered) = place.open(2);
    assert_eq!(recovered.groups[&GroupId(1)].log.last().index, 1);
    disk.crash(3);
    assert_eq!(place.open(3).1.groups, recovered.groups);
    drop(journal);
}

/// Returns all results of a torn write of one block that turns `before` into `after`: each sector is old or new.
fn torn(before: &[u8], after: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let differs = |from: usize| before[from..].iter().zip(&after[from..]).position(|(old, new)| old != new);
    let block = differs(0).expect("something was written") / 4_096 * 4_096;
    assert_eq!(differs(block + 4_096), None, "one block was written");
    (0..1 << 8).map(move |kept| {
        let mut image = before.to_vec();
        for sector in (0..8).filter(|sector| kept >> sector & 1 > 0) {
            let range = block + sector * 512..block + (sector + 1) * 512;
            image[range.clone()].copy_from_slice(&after[range]);
        }
        image
    })
}

/// Returns a copy of the disk on which one region has other contents.
fn with_image(disk: &SimulatedDisk, number: u64, image: &[u8]) -> Place {
    let copied = SimulatedDisk::default();
    for number in disk.list().unwrap() {
        copied.place(number, &disk.image(number).unwrap());
    }
    copied.place(number, image);
    Place::Simulated(Arc::new(copied))
}

/// The last sector of the batch with entry 2 is garbled, so the batch is cut. The next batch lacks its first sector,
/// which has the header, and rewrites the garbled one.
#[test]
fn a_batch_that_was_cut_is_not_completed_by_the_next_one() {
    let disk = Arc::new(SimulatedDisk::default());
    let mut journal = Place::Simulated(disk.clone()).open(1).0;
    append(&mut journal, 1, frame(1, 1, 1, b"kept"));
    settle(&mut journal).unwrap();
    append(&mut journal, 1, frame(1, 1, 2, b"cut"));
    settle(&mut journal).unwrap();
    let last = |place: &Place| place.open(3).1.groups[&GroupId(1)].log.last().index;
    disk.corrupt(0, journal.durable().0 - 1, 1);
    let found = disk.image(0).unwrap();

    disk.kill();
    let (mut journal, recovered) = Place::Simulated(disk.clone()).open(2);
    assert_eq!(recovered.groups[&GroupId(1)].log.last().index, 1);
    assert_eq!(recovered.cut.unwrap().bytes, 4_096);
    let before = disk.image(0).unwrap();
    journal.save_vote(GroupId(1), 2, Some(MemberId(3))).unwrap();
    settle(&mut journal).unwrap();
    for image in torn(&before, &disk.image(0).unwrap()) {
        assert_eq!(last(&with_image(&disk, 0, &image)), 1, "entry 2 was cut");
    }
    // A crash during the cut may leave the batch intact or cut. Later restarts find the same as the first.
    let mut lasts: Vec<_> = torn(&found, &before)
        .map(|image| with_image(&disk, 0, &image))
        .map(|place| (last(&place), last(&place)))
        .collect();
    lasts.sort_unstable();
    lasts.dedup();
    assert_eq!(lasts, [(1, 1), (2, 2)]);
}

/// A torn batch at the front of the next segment. The journal writes there again only after it has continued in the
/// segment before.
#[test]
fn a_checkpoint_that_was_cut_is_not_completed_when_more_is_durable_than_it_says() {
    let disk = Arc::new(SimulatedDisk::default());
    let mut journal = Place::Simulated(disk.clone()).open(1).0;
    // Makes the journal continue in the next segment, and writes that segment's first batch.
    let roll = |journal: &mut Journal, index: Index| {
        append(journal, 1, frame(1, 1, index, &[1; 30_000]));
        let write = journal.next_write().unwrap();
        journal.written(write.run()).unwrap();
    };
    append(&mut journal, 1, frame(1, 1, 1, &[1; 30_000]));
    settle(&mut journal).unwrap();
    roll(&mut journal, 2);
    assert_eq!(journal.durable(), Position(journal.active().header.base.0 + 8_192), "the checkpoint");
    disk.corrupt(1, 8_191, 1);

    disk.kill();
    let (mut journal, recovered) = Place::Simulated(disk.clone()).open(2);
    assert_eq!(recovered.cut.unwrap().file, "simulated segment 1");
    append(&mut journal, 1, frame(1, 1, 2, b"finds room in the first segment"));
    settle(&mut journal).unwrap();
    let before = disk.image(1).unwrap();
    roll(&mut journal, 3);
    for image in torn(&before, &disk.image(1).unwrap()) {
        let opened = Journal::open(with_image(&disk, 1, &image).disk(), small(), 3);
        let recovered = opened.expect("nothing is damaged").1;
        assert_eq!(recovered.groups[&GroupId(1)].log.last().index, 2);
    }
}
