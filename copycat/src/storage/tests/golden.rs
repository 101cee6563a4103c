//! A directory written by version 2 stays readable: two segments, the older one recycled from a still older one, with
//! everything a journal can hold. The generator is the ignored test.

use super::*;
use crate::codec::command::{Stamp, UNSETTLED_MAX};
use crate::codec::entries::Packer;
use crate::codec::frame::Codec;
use crate::codec::ids::MethodId;

const OLDER: &[u8] = include_bytes!("../golden/v2-0000000000000001.blocks");
const NEWER: &[u8] = include_bytes!("../golden/v2-0000000000000002.blocks");
/// The header of a segment that version 1 wrote.
const VERSION_1: &[u8] = include_bytes!("../golden/v1-header.block");

fn golden_owner() -> Owner {
    Owner { disk_id: 0x0123_4567_89ab_cdef_0011_2233_4455_6677, member: MemberId(3), shard: 1 }
}

fn options() -> JournalOptions {
    JournalOptions { owner: golden_owner(), ..small() }
}

/// Returns the whole segment. The golden files hold the blocks up to the last one that is not zero.
fn whole(blocks: &[u8]) -> Vec<u8> {
    let mut image = blocks.to_vec();
    image.resize(64 << 10, 0);
    image
}

/// Returns one entry of each kind, the first at index 7: a command with all its fields, in the usual codec and in one
/// of its own, a no-op, a configuration with all its lists, and the kinds that no code writes yet.
fn one_of_each(term: Term) -> Entries {
    let mut packer = Packer::with_capacity(9, 0);
    let bare = |kind, index| Header::bare(kind, GroupId(1), term, index, 1_000_000 + index);
    let stamp = Stamp { session: 0x5e55, line: 3, sequence: 70_000, settled: 70_000 - UNSETTLED_MAX };
    let method = MethodId::of("deposit");
    let command = Header { codec: Codec::Bincode, method, stamp, key_len: 4, ..bare(Kind::Command, 7) };
    packer.push(&command, b"\x03ada\x64");
    let own = Header { codec: Codec::Own(200), method, ..bare(Kind::Command, 8) };
    packer.push(&own, b"in a codec of its own");
    packer.push(&bare(Kind::Noop, 9), b"");
    let members = |ids: &[u64]| ids.iter().copied().map(MemberId).collect::<Vec<_>>();
    let (voters, outgoing, learners) = (members(&[1, 2, 3]), members(&[2, 3, 4]), members(&[5]));
    packer.push_configuration(&bare(Kind::Configuration, 10), Configuration { voters, outgoing, learners });
    let reserved =
        [Kind::Schema, Kind::OpenSession, Kind::CloseSession, Kind::Tick, Kind::Answer, Kind::Lifecycle];
    for (index, kind) in (11..).zip(reserved) {
        packer.push(&bare(kind, index), b"reserved");
    }
    packer.finish()
}

/// Performs all operations of the golden journal.
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
    journal.note_commit(GroupId(1), 2);
    for index in 1..=6 {
        append(journal, 2, frame(2, 4, index, &[index as u8; 6_000]));
        settle(journal).unwrap();
    }
    assert_eq!(journal.active().header.number, 1);
    append(journal, 1, frame(1, 2, 4, b"in the second segment"));
    journal.note_commit(GroupId(1), 3);
    journal.drop_through(GroupId(1), 3);
    journal.drop_through(GroupId(2), 6);
    settle(journal).unwrap();
    for index in 7..=11 {
        append(journal, 2, frame(2, 5, index, &[index as u8; 6_000]));
        journal.note_commit(GroupId(2), index - 1);
        settle(journal).unwrap();
    }
    assert_eq!(journal.active().header.number, 2);
    append(journal, 1, configuration_frame(1, 3, 5, 2));
    append(journal, 1, frame(1, 3, 6, b""));
    journal.note_commit(GroupId(1), 5);
    settle(journal).unwrap();
    journal.append(GroupId(1), &one_of_each(3)).unwrap();
    settle(journal).unwrap();
    // Nothing else is written: the last commit indexes get a batch of their own, and later ones the closing record.
    journal.note_commit(GroupId(1), 10);
    (10..12).for_each(|second| journal.tick(Duration::from_secs(second)));
    settle(journal).unwrap();
    journal.note_commit(GroupId(1), 16);
    journal.note_commit(GroupId(2), 11);
    let write = journal.next_closing_write().unwrap();
    journal.written(write.run()).unwrap();
}

fn disk() -> Arc<SimulatedDisk> {
    let disk = Arc::new(SimulatedDisk::default());
    disk.place(1, &whole(OLDER));
    disk.place(2, &whole(NEWER));
    disk
}

#[test]
fn version_2_is_read() {
    let (mut journal, recovered) = Journal::open(disk(), options(), 1).unwrap();
    assert_eq!(recovered.cut, None);
    let [first, second] = [&recovered.groups[&GroupId(1)], &recovered.groups[&GroupId(2)]];
    assert_eq!((first.term, first.vote, first.commit), (3, None, 16));
    assert_eq!((second.term, second.vote, second.commit), (5, None, 11));
    let logged: Vec<_> = first.configurations.iter().map(|(index, c)| (*index, c.voters.len())).collect();
    assert_eq!(logged, [(1, 3), (5, 2), (10, 3)]);
    assert_eq!((first.log.base().index, first.log.last().index), (3, 16));
    assert_eq!((second.log.base().index, second.log.last().index), (6, 11));
    let read = journal.read(GroupId(1), 4, 16, usize::MAX).unwrap().frames.concat();
    let begin =
        [frame(1, 2, 4, b"in the second segment"), configuration_frame(1, 3, 5, 2), frame(1, 3, 6, b"")];
    assert!(read == [&begin.concat()[..], one_of_each(3).frames()].concat());
    for index in 7..=11 {
        let read = journal.read(GroupId(2), index, index, 0).unwrap().frames.concat();
        assert!(read == frame(2, 5, index, &[index as u8; 6_000]));
    }
    append(&mut journal, 1, frame(1, 3, 17, b"goes on"));
    settle(&mut journal).unwrap();
}

#[test]
fn version_2_is_still_what_is_written() {
    let disk = Arc::new(SimulatedDisk::default());
    let (mut journal, _) = Journal::open(disk.clone(), options(), 7).unwrap();
    fill(&mut journal);
    assert!(disk.image(1).unwrap() == whole(OLDER));
    assert!(disk.image(2).unwrap() == whole(NEWER));
}

#[test]
fn version_1_is_refused_by_name_and_nothing_is_changed() {
    let disk = Arc::new(SimulatedDisk::default());
    disk.place(1, &whole(VERSION_1));
    match Journal::open(disk.clone(), options(), 1) {
        Err(StorageError::Version { file, found: 1, expected: 2 }) => {
            assert_eq!(file, "simulated segment 1");
        }
        other => panic!("{other:?}"),
    }
    assert!(disk.image(1).unwrap() == whole(VERSION_1));
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
        let path = directory.join(format!("v2-{number:016x}.blocks"));
        std::fs::write(path, &image[..used.next_multiple_of(4_096)]).unwrap();
    }
}
