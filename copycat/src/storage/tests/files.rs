//! Segments as files: bytes written past the page cache are read back through it.

use super::{Directory, Place, append, frame, settle};
use crate::codec::ids::GroupId;
use crate::storage::FileDisk;
use crate::storage::disk::{Creation, Disk, Region, copy};
use crate::storage::position::BLOCK;
use bytes::Bytes;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// More bytes than one call writes.
const LEN: u64 = 4 << 20;

fn create(disk: &FileDisk, number: u64) -> Arc<dyn Region> {
    let head = Bytes::from_static(&[7; BLOCK as usize]);
    disk.create(&Creation { number, len: LEN, head, recycled: None }).unwrap()
}

/// Returns the contents of block `at`: every word is different.
fn block(at: u64) -> Vec<u8> {
    (0..BLOCK / 8).flat_map(|word| (at << 32 | word).to_le_bytes()).collect()
}

#[test]
fn chunks_of_any_length_are_read_as_one() {
    let directory = Directory::new();
    let disk = FileDisk::open(directory.path()).unwrap();
    let (first, second) = (create(&disk, 0), create(&disk, 1));
    let bytes: Bytes = (1..LEN / BLOCK).flat_map(block).collect();
    let mut random = fastrand::Rng::with_seed(1);
    let (mut rest, mut chunks) = (bytes.clone(), vec![Bytes::new()]);
    while !rest.is_empty() {
        let most = random.choice([10, 5_000, 3_000_000]).unwrap();
        chunks.push(rest.split_to(random.usize(0..=most).min(rest.len())));
    }
    // The one writer goes from file to file, and back.
    first.write(BLOCK, &chunks[..0]).unwrap();
    second.write(BLOCK, &chunks).unwrap();
    first.write(BLOCK, &[bytes.slice(..BLOCK as usize)]).unwrap();
    second.sync().unwrap();
    assert_eq!(copy(&*second, BLOCK, bytes.len()).unwrap(), bytes);
    assert_eq!(second.slice(5_000, 100_000).unwrap(), bytes[904..100_904]);
    assert_eq!(
        copy(&*first, 0, 3 * BLOCK as usize).unwrap(),
        [vec![7; 4_096], block(1), vec![0; 4_096]].concat()
    );
}

#[test]
fn what_was_written_is_read_while_more_is_being_written_beside_it() {
    let directory = Directory::new();
    let disk = FileDisk::open(directory.path()).unwrap();
    let region = create(&disk, 0);
    let written = AtomicU64::new(1);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for at in 1..LEN / BLOCK {
                region.write(at * BLOCK, &[block(at).into()]).unwrap();
                written.store(at + 1, Ordering::Release);
            }
        });
        let mut random = fastrand::Rng::with_seed(2);
        loop {
            let ended = writer.is_finished();
            let until = written.load(Ordering::Acquire);
            // The block after the newest one is being written at this moment.
            for at in [until - 1, random.u64(1..=until)].into_iter().filter(|at| (1..until).contains(at)) {
                let found = copy(&*region, at * BLOCK, BLOCK as usize).unwrap();
                assert!(found == block(at), "block {at} of {until}");
            }
            if ended {
                break;
            }
        }
    });
}

#[test]
fn a_sealed_slice_outlives_its_file() {
    let directory = Directory::new();
    let disk = FileDisk::open(directory.path()).unwrap();
    let region = create(&disk, 0);
    region.write(BLOCK, &[block(1).into()]).unwrap();
    let slice = region.slice(BLOCK, BLOCK as usize).unwrap();
    disk.remove(0).unwrap();
    assert_eq!(slice, block(1));
}

#[test]
fn one_file_is_written_flushed_and_read_wherever_its_name_leads() {
    let directory = Directory::new();
    let disk = FileDisk::open(directory.path()).unwrap();
    let region = create(&disk, 0);
    fs::write(directory.path().join("other"), vec![1; LEN as usize]).unwrap();
    fs::rename(directory.path().join("other"), directory.path().join("0000000000000000.segment")).unwrap();
    region.write(BLOCK, &[block(1).into()]).unwrap();
    region.sync().unwrap();
    assert_eq!(copy(&*region, BLOCK, BLOCK as usize).unwrap(), block(1));
}

#[test]
fn the_front_of_a_torn_tail_is_overwritten_in_its_file() {
    let place = Place::File(Directory::new());
    let Place::File(directory) = &place else { unreachable!("just made") };
    let path = directory.path().join("0000000000000000.segment");
    let mut journal = place.open(1).0;
    append(&mut journal, 1, frame(1, 1, 1, b"kept"));
    settle(&mut journal).unwrap();
    append(&mut journal, 1, frame(1, 1, 2, b"cut"));
    settle(&mut journal).unwrap();
    let end = journal.durable().0 as usize;
    drop(journal);
    let mut bytes = fs::read(&path).unwrap();
    bytes[end - 1] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let (mut journal, recovered) = place.open(2);
    assert_eq!(recovered.cut.unwrap().offset, end as u64 - 4_096);
    bytes[end - 4_096..end].fill(0);
    assert!(fs::read(&path).unwrap() == bytes, "one block is overwritten, and nothing else");
    append(&mut journal, 1, frame(1, 1, 2, b"goes on"));
    settle(&mut journal).unwrap();
    drop(journal);
    let recovered = place.open(3).1;
    assert_eq!((recovered.cut, recovered.groups[&GroupId(1)].log.last().index), (None, 2));
}
