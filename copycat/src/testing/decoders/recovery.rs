//! Fuzzes the segments that a journal finds when it is opened.

use super::Verdict;
use super::input::Input;
use super::journal_samples::{Past, pasts};
use crate::codec::frame::Frame;
use crate::codec::ids::{GroupId, INDEX_MAX, Index, TERM_MAX};
use crate::storage::batch_header::{BatchHeader, BatchKind};
use crate::storage::forge::{image, write_checksums};
use crate::storage::history::{append, close, frame, recovered_prefix, small};
use crate::storage::position::{BLOCK, Position};
use crate::storage::{Journal, Recovered, SimulatedDisk, StorageError};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Length of a block in bytes.
const BLOCK_LEN: usize = BLOCK as usize;
/// Length of a sector in bytes.
const SECTOR_LEN: usize = 512;

/// The contents of the segments, by their numbers.
pub(super) type Images = BTreeMap<u64, Vec<u8>>;

/// Opens a journal on segments made in one of four ways: a sound journal that rotted, a sound journal rewritten by an
/// attacker who knows the format, made-up batches, or the raw bytes.
pub fn recovery(bytes: &[u8]) -> Verdict {
    let mut input = Input::new(bytes);
    match input.u8() % 4 {
        0 => rotten(input),
        1 => rewritten(input),
        2 => made_up(input),
        _ => raw(input),
    }
}

/// Checks that opening a rotten journal yields a prefix of its operations, or fails. The prefix contains all
/// operations that a sound header records as durable.
fn rotten(mut input: Input<'_>) -> Verdict {
    let past = chosen(&mut input);
    let mut images = past.images.clone();
    while !input.is_empty() {
        rot(&mut images, &mut input);
    }
    let durable = if images == past.images { past.durable } else { recorded(past, &images) };
    let Some((journal, recovered)) = open(&disk_of(&images)) else { return Verdict::Refused };
    recovered_prefix(&past.operations, durable, &journal, &recovered);
    Verdict::Accepted
}

fn chosen(input: &mut Input<'_>) -> &'static Past {
    let pasts = pasts();
    &pasts[usize::from(input.u8()) % pasts.len()]
}

/// Damages a medium as ageing, shocks and firmware do. Bits are flipped instead of written, so that the fuzzer cannot
/// find the right checksum by trying.
fn rot(images: &mut Images, input: &mut Input<'_>) {
    let (kind, at) = (input.u8(), place(images, input));
    let Some((number, offset)) = at else { return };
    let Some(image) = images.get_mut(&number) else { return };
    match kind % 16 {
        0..10 => image[offset] ^= input.u8().max(1),
        10 | 11 => {
            let sector = offset / SECTOR_LEN * SECTOR_LEN;
            image[sector..sector + SECTOR_LEN].fill(0);
        }
        12 | 13 => {
            let block = offset / BLOCK_LEN * BLOCK_LEN;
            let misplaced = image[block..block + BLOCK_LEN].to_vec();
            if let Some((number, offset)) = place(images, input)
                && let Some(image) = images.get_mut(&number)
            {
                let block = offset / BLOCK_LEN * BLOCK_LEN;
                image[block..block + BLOCK_LEN].copy_from_slice(&misplaced);
            }
        }
        14 => image.truncate((offset / BLOCK_LEN * BLOCK_LEN).max(BLOCK_LEN)),
        _ => drop(images.remove(&number)),
    }
}

/// Draws a segment and an offset in it.
fn place(images: &Images, input: &mut Input<'_>) -> Option<(u64, usize)> {
    let (which, offset) = (usize::from(input.u8()), usize::from(input.u16()));
    let (number, image) = images.iter().nth(which % images.len().max(1))?;
    Some((*number, offset % image.len()))
}

/// Returns the highest position that a sound header records as durable.
fn recorded(past: &Past, images: &Images) -> Position {
    let sound = past.headers.iter().filter(|header| {
        let now = images.get(&header.segment).and_then(|image| image.get(header.range()));
        now.is_some() && now == past.images.get(&header.segment).and_then(|image| image.get(header.range()))
    });
    sound.map(|header| header.durable).max().unwrap_or(Position(0))
}

fn rewritten(mut input: Input<'_>) -> Verdict {
    let mut images = chosen(&mut input).images.clone();
    while !input.is_empty() {
        let at = place(&images, &mut input);
        let bytes = usize::from(input.u8() & 15) + 1;
        let bytes = input.take(bytes);
        if let Some((number, offset)) = at
            && let Some(image) = images.get_mut(&number)
        {
            let end = image.len().min(offset + bytes.len());
            image[offset..end].copy_from_slice(&bytes[..end - offset]);
        }
    }
    images.values_mut().for_each(|image| write_checksums(image));
    opened(&images)
}

fn made_up(mut input: Input<'_>) -> Verdict {
    // Most are as short as a segment can be, and some are shorter.
    let blocks = match usize::from(input.u8()) {
        blocks @ 2..=18 => blocks,
        _ => 16,
    };
    let mut batches = Vec::new();
    while !input.is_empty() {
        let choices = input.u16();
        let kind = if choices & 1 == 0 { BatchKind::Frames } else { BatchKind::Checkpoint };
        batches.push((kind, input.take(usize::from(choices >> 1)).to_vec()));
    }
    opened(&BTreeMap::from([(0, image(&batches, blocks * BLOCK_LEN))]))
}

fn raw(mut input: Input<'_>) -> Verdict {
    let intact = input.u8() & 1 == 1;
    let mut image = input.rest().to_vec();
    let blocks = image.len().div_ceil(BLOCK_LEN).max(16);
    image.resize(blocks * BLOCK_LEN, 0);
    if intact {
        write_checksums(&mut image);
    }
    opened(&BTreeMap::from([(0, image)]))
}

fn disk_of(images: &Images) -> Arc<SimulatedDisk> {
    let disk = Arc::new(SimulatedDisk::default());
    images.iter().for_each(|(number, image)| disk.place(*number, image));
    disk
}

/// Opens a journal; `None` if it is refused because of its bytes, the only possible reason on a sound disk.
fn open(disk: &Arc<SimulatedDisk>) -> Option<(Journal, Recovered)> {
    match Journal::open(disk.clone(), small(), 3) {
        Ok(opened) => Some(opened),
        Err(StorageError::Damaged(_) | StorageError::Foreign { .. } | StorageError::Version { .. }) => None,
        Err(other) => panic!("bytes are not the reason of: {other}"),
    }
}

/// Checks that an opened journal serves all entries that it claims to hold, takes more, and reopens with the same
/// state.
fn opened(images: &Images) -> Verdict {
    let disk = disk_of(images);
    let Some((mut journal, recovered)) = open(&disk) else { return Verdict::Refused };
    for (group, state) in &recovered.groups {
        let (first, last) = (state.log.horizon() + 1, state.log.last().index);
        if first <= last {
            check_entries(&journal, *group, first, last);
        }
    }
    let (group, term, last) = match recovered.groups.first_key_value() {
        Some((group, state)) => (group.0, (state.term + 1).min(TERM_MAX), state.log.last().index),
        None => (1, 1, 0),
    };
    if last == INDEX_MAX {
        // No entry can follow this index, and no real log reaches it.
        return Verdict::Accepted;
    }
    append(&mut journal, group, frame(group, term, last + 1, b"goes on"));
    journal.note_commit(GroupId(group), last + 1);
    if let Err(error) = close(&mut journal) {
        panic!("a sound disk fails: {error}");
    }
    drop(journal);
    let Some((_, mut again)) = open(&disk) else { panic!("what was just closed is refused") };
    let Some(state) = again.groups.remove(&GroupId(group)) else { panic!("the group is gone") };
    assert_eq!((state.term, state.log.last().index), (term, last + 1), "what was appended is there");
    let before = recovered.groups.get(&GroupId(group)).map_or(0, |state| state.commit);
    assert!(
        state.commit == last + 1 || state.commit == before,
        "recorded, or left out where there was no space"
    );
    let others = recovered.groups.iter().filter(|(id, _)| id.0 != group);
    assert!(others.eq(&again.groups), "the other groups are as they were");
    Verdict::Accepted
}

fn check_entries(journal: &Journal, group: GroupId, first: Index, last: Index) {
    let slices = match journal.read(group, first, last, usize::MAX) {
        Ok(slices) => slices,
        Err(error) => panic!("entries that were counted cannot be read: {error}"),
    };
    let mut next = first;
    for frame in slices.frames.iter().flat_map(|slice| Frame::all(slice)) {
        match frame {
            Ok(frame) if frame.header.group == group && frame.header.index == next => next += 1,
            other => panic!("entry {next} is served as {other:?}"),
        }
    }
    assert_eq!(next, last + 1, "all that was asked for is served");
}

/// A batch header as a sound journal wrote it.
pub(super) struct HeaderAt {
    /// The number of its segment.
    pub(super) segment: u64,
    /// Its offset in the segment.
    pub(super) offset: usize,
    /// The position that it records as durable.
    pub(super) durable: Position,
}

impl HeaderAt {
    fn range(&self) -> std::ops::Range<usize> {
        self.offset..self.offset + crate::storage::batch_header::BATCH_HEADER_LEN
    }

    /// Finds the headers of a segment, including those after a torn batch, as recovery does.
    pub(super) fn all_in(segment: u64, base: Position, salt: u64, image: &[u8]) -> Vec<HeaderAt> {
        let blocks = (BLOCK_LEN..image.len()).step_by(BLOCK_LEN);
        let header = |offset: usize| {
            let (header, _) = BatchHeader::parse(&image[offset..]).ok()?;
            let here = header.salt == salt && header.position.0 == base.0 + offset as u64;
            here.then_some(HeaderAt { segment, offset, durable: header.durable })
        };
        blocks.filter_map(header).collect()
    }
}
