//! Bit rot is found, reported and never returned as data. It is never taken for the end of what was acknowledged.

use super::*;
use crate::codec::checksum::crc32c_around;
use crate::codec::ids::{INDEX_MAX, TERM_MAX};
use crate::storage::batch_header::{BatchKind, begins};
use crate::storage::error::{Damage, DamageKind, Unreadable};
use crate::storage::forge::{image, write_checksums};
use crate::storage::position::Position;
use crate::storage::segment::SegmentHeader;

/// Returns the images, by number, of two segments of a journal closed in order. The second has several batches.
fn images() -> Vec<Vec<u8>> {
    let disk = Arc::new(SimulatedDisk::default());
    let place = Place::Simulated(disk.clone());
    let mut journal = place.open(1).0;
    journal.save_vote(GroupId(1), 1, Some(MemberId(1))).unwrap();
    for index in 1..=8 {
        append(&mut journal, 1, frame(1, 1, index, &vec![index as u8; 5_000]));
        settle(&mut journal).unwrap();
    }
    assert_eq!(journal.active().header.number, 1, "the second segment is in use");
    close(&mut journal).unwrap();
    (0..2).map(|number| disk.image(number).unwrap()).collect()
}

fn reopen(images: &[Vec<u8>]) -> Result<(Journal, Recovered), StorageError> {
    let disk = Arc::new(SimulatedDisk::default());
    for (number, image) in (0..).zip(images) {
        disk.place(number, image);
    }
    Journal::open(disk, small(), 3)
}

#[test]
fn every_flipped_byte_is_refused_or_harmless() {
    let images = images();
    let (intact, recovered) = reopen(&images).unwrap();
    let expected = joined(&intact.read(GroupId(1), 1, 8, usize::MAX).unwrap().frames);
    let durable = intact.durable().0;
    let (mut refused, mut harmless) = (0, 0);
    // Every byte of headers and the first bytes of each block; in long bodies every 97th byte.
    let bytes = (0..2).flat_map(|number| (0..images[number].len()).map(move |offset| (number, offset)));
    for (number, offset) in bytes.filter(|(_, offset)| offset % 4_096 < 144 || offset % 97 == 0) {
        let mut damaged = images.clone();
        damaged[number][offset] ^= 1 << (offset % 8);
        match reopen(&damaged) {
            Err(StorageError::Damaged(Damage { file, .. })) => {
                assert_eq!(file, format!("simulated segment {number}"));
                refused += 1;
            }
            Err(other) => panic!("byte {offset} of segment {number}: {other}"),
            Ok((journal, now)) => {
                assert_eq!(now.groups, recovered.groups, "byte {offset} of segment {number}");
                let read = journal.read(GroupId(1), 1, 8, usize::MAX).unwrap().frames;
                assert!(joined(&read) == expected, "byte {offset} of segment {number}");
                // Only the closing record itself, which acknowledges no entry, may be cut.
                assert!(journal.durable().0 + 4_096 >= durable);
                harmless += 1;
            }
        }
    }
    assert!(refused > 2_000 && harmless > 100, "{refused} refused, {harmless} harmless");
}

#[test]
fn rot_that_appears_later_is_never_served() {
    let disk = Arc::new(SimulatedDisk::default());
    let mut journal = Place::Simulated(disk.clone()).open(1).0;
    append(&mut journal, 1, frame(1, 1, 1, b"sound"));
    append(&mut journal, 1, frame(1, 1, 2, b"rotten"));
    settle(&mut journal).unwrap();
    journal.forget_recent();
    // After the batch header, the record of the term, and the first entry.
    let place = 8_192 + 64 + 72 + 72 + 5;
    for offset in place..place + 78 {
        disk.corrupt(0, offset, 0x20);
        let error = journal.read(GroupId(1), 1, 2, usize::MAX).unwrap_err();
        assert!(error.is_of_group());
        let StorageError::Unreadable { index: 2, source, .. } = error else { panic!("{error}") };
        assert!(matches!(&source, Unreadable::Damaged(damage) if damage.offset == place), "{source}");
        assert!(journal.read(GroupId(1), 1, 1, usize::MAX).is_ok());
        disk.corrupt(0, offset, 0x20);
    }
    assert!(journal.read(GroupId(1), 1, 2, usize::MAX).is_ok());
}

/// The power failed while the first batch of the next segment was written. Its header reached the disk, and says that
/// everything before it was durable.
#[test]
fn a_torn_batch_of_the_next_segment_still_vouches_for_the_segment_before() {
    let mut images = images();
    let blocks = (4_096..64 << 10).step_by(4_096);
    let last = blocks.rev().find(|at| begins(&images[0][*at..])).unwrap();
    images[1][2 * 4_096..].fill(0);
    images[1][4_096 + 64] ^= 1;
    let recovered = reopen(&images).unwrap().1;
    assert_eq!(recovered.cut.unwrap().file, "simulated segment 1", "only what was torn is cut");
    images[0][last + 64 + 72] ^= 1;
    match reopen(&images) {
        Err(StorageError::Damaged(Damage { file, offset, kind: DamageKind::Acknowledged { .. } })) => {
            assert_eq!((file.as_str(), offset), ("simulated segment 0", last as u64));
        }
        other => panic!("acknowledged entries were cut: {:?}", other.map(|(_, recovered)| recovered)),
    }
}

#[test]
fn a_misplaced_block_is_found() {
    let images = images();
    for (from, to) in [(1, 2), (2, 1), (2, 4), (3, 1)] {
        let mut damaged = images.clone();
        damaged[0].copy_within(from * 4_096..(from + 1) * 4_096, to * 4_096);
        let refused = reopen(&damaged);
        assert!(matches!(refused, Err(StorageError::Damaged(_))), "block {from} at {to}");
    }
}

#[test]
fn missing_segments_are_damage() {
    let disk = Arc::new(SimulatedDisk::default());
    let place = Place::Simulated(disk.clone());
    let mut journal = place.open(1).0;
    for index in 1..=40 {
        append(&mut journal, 1, frame(1, 1, index, &[1; 5_000]));
        settle(&mut journal).unwrap();
    }
    let last = journal.active().header.number;
    drop(journal);
    disk.remove(last / 2).unwrap();
    let kind_of = |result: Result<(Journal, Recovered), StorageError>| match result {
        Err(StorageError::Damaged(damage)) => damage.kind,
        other => panic!("{other:?}"),
    };
    let missing = Journal::open(disk.clone(), small(), 1);
    assert_eq!(kind_of(missing), DamageKind::SegmentMissing(last / 2));
    (0..last / 2).for_each(|number| disk.remove(number).unwrap());
    let headless = Journal::open(disk, small(), 1);
    assert_eq!(kind_of(headless), DamageKind::EntriesMissing { group: GroupId(1), first: 1 });
}

#[test]
fn garbage_in_files_and_names_gets_a_typed_refusal() {
    let mut random = fastrand::Rng::with_seed(1);
    for len in [0, 1, 4_096, 8_192, 65_536] {
        let garbage: Vec<u8> = (0..len).map(|_| random.u8(..)).collect();
        for image in [garbage, vec![0; len]] {
            let refused = reopen(&[image]);
            assert!(matches!(refused, Err(StorageError::Damaged(_))), "{refused:?}");
        }
    }
    let directory = Directory::new();
    std::fs::write(directory.path().join("notes.txt"), "not ours").unwrap();
    std::fs::write(directory.path().join("0000000000000003.prepare"), "left behind").unwrap();
    let disk = FileDisk::open(directory.path()).unwrap();
    assert_eq!(disk.list().unwrap(), [0u64; 0]);
    assert!(directory.path().join("notes.txt").exists());
    assert!(!directory.path().join("0000000000000003.prepare").exists());
    std::fs::write(directory.path().join("old.segment"), "renamed").unwrap();
    assert!(matches!(disk.list(), Err(StorageError::Name { .. })));
    std::fs::remove_file(directory.path().join("old.segment")).unwrap();
    std::fs::write(directory.path().join("0000000000000000.segment"), "").unwrap();
    assert!(Journal::open(Arc::new(disk), small(), 1).is_err());
}

#[test]
fn another_owner_and_another_version_are_refused() {
    let images = images();
    let disk = Arc::new(SimulatedDisk::default());
    (0..).zip(&images).for_each(|(number, image)| disk.place(number, image));
    let other = Owner { member: MemberId(2), ..owner() };
    let refused = Journal::open(disk, JournalOptions { owner: other, ..small() }, 1);
    assert!(matches!(refused, Err(StorageError::Foreign { found, expected, .. })
        if found == owner() && expected == other));
    let mut later = images;
    later[1][8] = 3;
    let block = &later[1][..4_096];
    let checksum = crc32c_around(&block[..12], &block[16..]);
    later[1][12..16].copy_from_slice(&checksum.to_le_bytes());
    assert!(matches!(reopen(&later), Err(StorageError::Version { found: 3, expected: 2, .. })));
}

fn vote_frame(term: Term, vote: Option<MemberId>) -> Bytes {
    let mut bytes = Vec::new();
    Header::vote(GroupId(1), term, vote).encode(&[], &mut bytes);
    bytes.into()
}

fn commit_frame(term: Term, index: Index) -> Bytes {
    let mut bytes = Vec::new();
    Header::bare(Kind::Commit, GroupId(1), term, index, 0).encode(&[], &mut bytes);
    bytes.into()
}

#[test]
fn intact_frames_that_no_history_gives_are_damage() {
    let (one, two) = (Some(MemberId(1)), Some(MemberId(2)));
    let begun = |rest: Bytes| vec![vote_frame(3, one), frame(1, 1, 1, b""), frame(1, 2, 2, b""), rest];
    let committed = |rest: Bytes| [begun(commit_frame(2, 2)), vec![rest]].concat();
    let histories: [(&str, Vec<Bytes>); 17] = [
        ("", committed(frame(1, 3, 3, b""))),
        ("", committed(commit_frame(2, 2))),
        ("a commit index without an entry", vec![commit_frame(0, 0)]),
        ("a commit index beyond the log", vec![commit_frame(1, 1)]),
        ("a commit index beyond the log", begun(commit_frame(2, 3))),
        ("a commit index whose entry has another term", begun(commit_frame(1, 2))),
        ("the group's commit index falls", committed(commit_frame(1, 1))),
        ("an entry that replaces a committed one", committed(frame(1, 3, 2, b""))),
        ("", vec![vote_frame(1, one), frame(1, 1, 1, b""), vote_frame(2, None), frame(1, 2, 2, b"")]),
        ("a vote without a term", vec![vote_frame(0, one)]),
        ("the group's term falls", vec![vote_frame(2, one), vote_frame(1, one)]),
        ("a second vote in one term", vec![vote_frame(2, one), vote_frame(2, two)]),
        ("an entry of a term that was not recorded before it", vec![frame(1, 1, 1, b"")]),
        (
            "an entry of a term that was not recorded before it",
            vec![vote_frame(1, one), frame(1, 1, 1, b""), frame(1, 2, 2, b""), vote_frame(2, None)],
        ),
        ("an entry without a term", vec![vote_frame(1, one), frame(1, 0, 1, b"")]),
        ("the terms of the log fall", vec![vote_frame(2, one), frame(1, 2, 1, b""), frame(1, 1, 2, b"")]),
        ("the entry's index does not follow those before", vec![vote_frame(1, one), frame(1, 1, 2, b"")]),
    ];
    for (expected, history) in histories {
        let empty = (BatchKind::Checkpoint, vec![0; 4]);
        match reopen(&[image(&[empty, (BatchKind::Frames, history.concat())], 64 << 10)]) {
            Ok((_, recovered)) => assert!(expected.is_empty(), "{expected}: {recovered:?}"),
            Err(StorageError::Damaged(damage)) => {
                assert_eq!(damage.kind.to_string(), expected);
            }
            Err(other) => panic!("{expected}: {other}"),
        }
    }
}

/// Returns the checkpoint of one group: term, vote, base term, base index, last index; and a range. All entries are
/// committed.
fn body(words: [u64; 5], range: Option<[u64; 2]>) -> Vec<u8> {
    body_committed(words, words[4], range)
}

fn body_committed(words: [u64; 5], commit: u64, range: Option<[u64; 2]>) -> Vec<u8> {
    let mut body = 1u32.to_le_bytes().to_vec();
    [1].iter()
        .chain(&words)
        .chain(&[commit])
        .for_each(|word: &u64| body.extend_from_slice(&word.to_le_bytes()));
    body.extend_from_slice(&u32::from(range.is_some()).to_le_bytes());
    range.iter().flatten().for_each(|word| body.extend_from_slice(&word.to_le_bytes()));
    body.extend_from_slice(&0u32.to_le_bytes());
    body
}

fn checkpoint(words: [u64; 5], range: Option<[u64; 2]>) -> Result<(Journal, Recovered), StorageError> {
    reopen(&[image(&[(BatchKind::Checkpoint, body(words, range))], 64 << 10)])
}

#[test]
fn segments_shorter_than_any_journal_makes_are_damage() {
    let empty = [(BatchKind::Checkpoint, vec![0; 4])];
    for blocks in 2..16 {
        let refused = reopen(&[image(&empty, blocks * 4_096)]);
        assert!(matches!(refused, Err(StorageError::Damaged(_))), "{blocks} blocks");
    }
    assert!(reopen(&[image(&empty, 64 << 10)]).is_ok());
}

#[test]
fn segments_that_begin_between_blocks_are_damage() {
    let mut image = image(&[(BatchKind::Checkpoint, vec![0; 4])], 64 << 10);
    // Changes the base. Then no batch lies where its header says, as in a journal that was just created.
    image[32] = 4;
    write_checksums(&mut image);
    assert!(matches!(reopen(&[image]), Err(StorageError::Damaged(_))));
}

#[test]
fn numbers_and_positions_that_no_journal_reaches_are_damage() {
    for (number, base, fits) in [
        (1 << 62, 1 << 62, true),
        ((1 << 62) + 1, 0, false),
        (u64::MAX, 0, false),
        (0, (1 << 62) + 4_096, false),
        (0, u64::MAX - (128 << 10) + 1, false),
    ] {
        let header = SegmentHeader {
            number,
            salt: 9,
            base: Position(base),
            len: 64 << 10,
            owner: owner(),
            recycled: false,
        };
        let disk = Arc::new(SimulatedDisk::default());
        let mut image = header.encode().0.to_vec();
        image.resize(64 << 10, 0);
        disk.place(number, &image);
        let Err(StorageError::Damaged(damage)) = Journal::open(disk, small(), 3) else {
            panic!("a segment without batches that is not the first")
        };
        let reached = damage.kind == DamageKind::Contradiction("the oldest segment has no checkpoint");
        assert_eq!(reached, fits, "number {number}, base {base}: {damage}");
    }
}

#[test]
fn terms_and_indexes_that_no_log_reaches_are_damage() {
    let empty = || (BatchKind::Checkpoint, vec![0; 4]);
    for term in [TERM_MAX + 1, u64::MAX] {
        let frames = vote_frame(term, None).to_vec();
        let refused = reopen(&[image(&[empty(), (BatchKind::Frames, frames)], 64 << 10)]);
        assert!(matches!(refused, Err(StorageError::Damaged(_))), "term {term}");
    }
    // A group without entries, then a group whose next entry has the largest index.
    for index in [INDEX_MAX + 1, u64::MAX - 1, u64::MAX] {
        assert!(checkpoint([3, 1, 2, index, index], None).is_err(), "{index}");
        let frames = [frame(1, 3, index, b""), frame(1, 3, index, b"")].concat();
        let before = body([3, 1, 2, index - 1, index - 1], None);
        let refused =
            reopen(&[image(&[(BatchKind::Checkpoint, before), (BatchKind::Frames, frames)], 64 << 10)]);
        assert!(matches!(refused, Err(StorageError::Damaged(_))), "index {index}");
    }
    assert!(checkpoint([TERM_MAX, 1, TERM_MAX, INDEX_MAX, INDEX_MAX], None).is_ok());
}

#[test]
fn intact_checkpoints_that_no_history_gives_are_damage() {
    assert!(checkpoint([3, 1, 2, 5, 5], None).is_ok(), "this one is possible");
    for (words, range) in [
        ([0, 1, 0, 0, 0], None),
        ([1, 1, 2, 5, 5], None),
        ([3, 1, 0, 5, 5], None),
        ([3, 1, 2, 0, 0], None),
        ([1, 1, 0, 0, 4], Some([2, 1])),
        ([1, 1, 0, 0, 4], Some([0, 1])),
        ([3, 1, 2, 5, 6], Some([1, 6])),
    ] {
        let refused = checkpoint(words, range);
        assert!(
            matches!(&refused, Err(StorageError::Damaged(damage))
            if matches!(damage.kind, DamageKind::Malformed(_))),
            "{words:?} {range:?}: {refused:?}"
        );
    }
    for (commit, fits) in [(4, false), (5, true), (7, true), (8, false), (u64::MAX, false)] {
        let body = body_committed([3, 1, 2, 5, 7], commit, Some([2, 6]));
        // The entries are in no segment, which is detected later.
        let refused = reopen(&[image(&[(BatchKind::Checkpoint, body)], 64 << 10)]);
        let Err(StorageError::Damaged(Damage { kind, .. })) = refused else { panic!("{refused:?}") };
        let entries_missing = matches!(kind, DamageKind::EntriesMissing { .. });
        assert_eq!(entries_missing, fits, "committed up to {commit}, of 6 to 7: {kind:?}");
    }
}
