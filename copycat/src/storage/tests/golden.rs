//! A directory written by version 1 is read for ever: two segments, the older one recycled from a
//! still older one, with everything a journal can hold. The generator is the ignored test.

use super::*;

const OLDER: &[u8] = include_bytes!("../golden/v1-0000000000000001.blocks");
const NEWER: &[u8] = include_bytes!("../golden/v1-0000000000000002.blocks");

fn golden_owner() -> Owner {
    Owner { storage: 0x0123_4567_89ab_cdef_0011_2233_4455_6677, member: MemberId(3), shard: 1 }
}

fn options() -> Options {
    Options { owner: golden_owner(), ..small() }
}

/// The files hold the blocks up to the last one that is not zero.
fn whole(blocks: &[u8]) -> Vec<u8> {
    let mut image = blocks.to_vec();
    image.resize(64 << 10, 0);
    image
}

/// Everything that ever happened to the golden journal.
fn fill(journal: &mut Journal) {
    let vote = |journal: &mut Journal, group, term, vote: Option<u64>| {
        journal.save_vote(GroupId(group), term, vote.map(MemberId)).unwrap();
    };
    vote(journal, 1, 1, Some(3));
    vote(journal, 2, 4, None);
    append(journal, 1, configuration_frame(1, 1, 1, 3));
    append(journal, 1, [frame(1, 1, 2, b""), frame(1, 1, 3, b"replaced")].concat());
    settle(journal).unwrap();
    vote(journal, 1, 2, Some(2));
    append(journal, 1, frame(1, 2, 3, b"replacing"));
    for index in 1..=6 {
        append(journal, 2, frame(2, 4, index, &[index as u8; 6_000]));
        settle(journal).unwrap();
    }
    assert_eq!(journal.active().header.number, 1);
    append(journal, 1, frame(1, 2, 4, b"in the second segment"));
    journal.drop_through(GroupId(1), 3);
    journal.drop_through(GroupId(2), 6);
    settle(journal).unwrap();
    for index in 7..=11 {
        append(journal, 2, frame(2, 5, index, &[index as u8; 6_000]));
        settle(journal).unwrap();
    }
    assert_eq!(journal.active().header.number, 2);
    append(journal, 1, configuration_frame(1, 3, 5, 2));
    settle(journal).unwrap();
    let write = journal.close().unwrap();
    journal.written(write.run()).unwrap();
}

#[test]
fn version_1_is_read() {
    let disk = Arc::new(SimulatedDisk::default());
    disk.place(1, &whole(OLDER));
    disk.place(2, &whole(NEWER));
    let (mut journal, recovered) = Journal::open(disk, options(), 1).unwrap();
    assert_eq!(recovered.cut, None);
    let [first, second] = [&recovered.groups[&GroupId(1)], &recovered.groups[&GroupId(2)]];
    assert_eq!((first.term, first.vote), (3, None));
    assert_eq!((second.term, second.vote), (5, None));
    let voters = |count| Configuration::of_voters((1..=count).map(MemberId));
    assert_eq!(first.configurations, [(1, voters(3)), (5, voters(2))]);
    assert_eq!((first.terms.first(), first.terms.last().index), (4, 5));
    assert_eq!((second.terms.first(), second.terms.last().index), (7, 11));
    let read = journal.read(GroupId(1), 4, 5, usize::MAX).unwrap().frames.concat();
    let expected = [frame(1, 2, 4, b"in the second segment"), configuration_frame(1, 3, 5, 2)].concat();
    assert!(read == expected);
    for index in 7..=11 {
        let read = journal.read(GroupId(2), index, index, 0).unwrap().frames.concat();
        assert!(read == frame(2, 5, index, &[index as u8; 6_000]));
    }
    append(&mut journal, 1, frame(1, 3, 6, b"goes on"));
    settle(&mut journal).unwrap();
}

#[test]
fn version_1_is_still_what_is_written() {
    let disk = Arc::new(SimulatedDisk::default());
    let (mut journal, _) = Journal::open(disk.clone(), options(), 7).unwrap();
    fill(&mut journal);
    assert!(disk.image(1).unwrap() == whole(OLDER));
    assert!(disk.image(2).unwrap() == whole(NEWER));
}

#[test]
#[ignore = "writes the golden files: only for a new version of the format, under a new name"]
fn generate() {
    let disk = Arc::new(SimulatedDisk::default());
    let (mut journal, _) = Journal::open(disk.clone(), options(), 7).unwrap();
    fill(&mut journal);
    for number in 1..=2 {
        let image = disk.image(number).unwrap();
        let used = image.len() - image.iter().rev().take_while(|byte| **byte == 0).count();
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/storage/golden");
        let path = directory.join(format!("v1-{number:016x}.blocks"));
        std::fs::write(path, &image[..used.next_multiple_of(4_096)]).unwrap();
    }
}
