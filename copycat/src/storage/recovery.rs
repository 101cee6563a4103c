//! Opens a journal: verifies its segments, replays their batches, and cuts what a crash left half written.
//!
//! The rules are in `FORMAT.md`. In short: bytes after the last intact batch are cut, if no intact header says that
//! more was durable. Everything else that does not verify is damage, and then nothing is changed.

use super::disk::Disk;
use super::error::{Damage, DamageKind, StorageError};
use super::group_log::GroupState;
use super::groups::Groups;
use super::journal::{Flushed, Journal};
use super::options::{JournalOptions, SEGMENT_LEN_MAX, SEGMENT_LEN_MIN};
use super::position::{BLOCK, Position};
use super::preallocator::{Preallocator, create_first};
use super::replay::Replay;
use super::scan::{Cut, damage};
use super::segment::{Segment, SegmentHeader, VERSION};
use super::segments::Segments;
use super::write_queue::WriteQueue;
use crate::codec::ids::GroupId;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Largest segment number and largest segment position that opening accepts. No journal reaches them, and sums with
/// smaller values do not overflow.
const COUNT_MAX: u64 = 1 << 62;

/// The contents of a journal when it was opened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Recovered {
    /// The state of every group that ever stored anything.
    pub groups: BTreeMap<GroupId, GroupState>,
    /// The torn tail that was cut off, if there was one.
    pub cut: Option<Cut>,
}

impl Journal {
    /// Opens the journal on this disk, or creates one on an empty disk. Blocks: it reads and verifies everything. It
    /// makes durable what it found valid at the end, and that the rest is cut.
    ///
    /// The salts of new segments are made from `seed`, which is random except in simulations.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        options: JournalOptions,
        seed: u64,
    ) -> Result<(Journal, Recovered), StorageError> {
        assert!(options.batch_max >= BLOCK, "a batch of {} bytes holds no election", options.batch_max);
        let numbers = disk.list()?;
        debug_assert!(numbers.is_sorted_by(|one, next| one < next), "a disk lists in order: {numbers:?}");
        let mut segments = Vec::with_capacity(numbers.len());
        for (at, number) in numbers.iter().enumerate() {
            let segment = open_segment(&*disk, *number, &options)?;
            if at > 0 && numbers[at - 1] + 1 != *number {
                let missing = DamageKind::SegmentMissing(*number - 1);
                return Err(damage(&segment, 0, missing).into());
            }
            segments.push(segment);
        }
        if segments.is_empty() {
            segments.push(create_first(&*disk, first_header(&options, seed))?);
        }
        let replay = Replay::over(&segments)?;
        // A crash during the first write to a new segment may leave two segments without batches. The first is kept as
        // the ready one. If a longer one replaces it later, the second would not adjoin, so that is removed.
        let kept = replay.started.max(1) + 1;
        for surplus in segments.drain(kept.min(segments.len())..).rev() {
            disk.remove(surplus.header.number)?;
        }
        let journal = Journal::assemble(disk, options, seed, segments, replay);
        Ok(journal)
    }

    fn assemble(
        disk: Arc<dyn Disk>,
        options: JournalOptions,
        seed: u64,
        segments: Vec<Segment>,
        replay: Replay,
    ) -> (Journal, Recovered) {
        let groups = Groups::recovered(replay.groups);
        let recovered = Recovered { groups: groups.states(), cut: replay.cut };
        let mut segments = VecDeque::from(segments);
        let mut unused = segments.split_off(replay.started);
        let salt = segments.back().or(unused.front()).map_or(0, |segment| segment.header.salt);
        let batches = WriteQueue::recovered(replay.end, replay.previous, &options);
        let mut journal = Journal {
            disk,
            options,
            // No salt is used twice, even after a restart with the same seed.
            salts: fastrand::Rng::with_seed(seed ^ salt.rotate_left(17) ^ replay.end.0),
            groups,
            segments: Segments::recovered(segments),
            batches,
            preallocator: Preallocator::default(),
            failed: None,
            flushed: Flushed::default(),
        };
        if journal.segments.is_empty()
            && let Some(first) = unused.pop_front()
        {
            let checkpoint = journal.groups.checkpoint();
            journal.activate(first, checkpoint);
        }
        if let Some(ready) = unused.pop_front() {
            journal.preallocator.set_ready(ready);
        }
        assert!(unused.is_empty(), "one segment is ready, no more");
        assert!(
            journal.next_offset() <= journal.active().header.len,
            "the journal ends in the active segment"
        );
        journal.release_recovered();
        (journal, recovered)
    }
}

fn first_header(options: &JournalOptions, seed: u64) -> SegmentHeader {
    let len = options.len_of(0);
    let salt = fastrand::Rng::with_seed(seed).u64(..);
    SegmentHeader { number: 0, salt, base: Position(0), len, owner: options.owner, recycled: false }
}

fn open_segment(disk: &dyn Disk, number: u64, options: &JournalOptions) -> Result<Segment, StorageError> {
    let region = disk.open(number)?;
    let file = region.to_string();
    let refused = |kind| Damage { file: file.clone(), offset: 0, kind };
    // The reserve takes four blocks: a shorter segment would have no space for anything else.
    if region.len() < SEGMENT_LEN_MIN {
        return Err(refused(DamageKind::Contradiction("the file is shorter than a segment")).into());
    }
    let mut block = vec![0; BLOCK as usize];
    region.read(0, &mut block)?;
    if let Some(found) = SegmentHeader::version(&block).filter(|version| *version != VERSION) {
        return Err(StorageError::Version { file, found, expected: VERSION });
    }
    let (header, checksum) = SegmentHeader::parse(&block).map_err(|what| refused(what.into()))?;
    if header.owner != options.owner {
        return Err(StorageError::Foreign { file, found: header.owner, expected: options.owner });
    }
    if header.number != number {
        return Err(refused(DamageKind::Contradiction("the header has another number than the name")).into());
    }
    let plausible = header.len.is_multiple_of(BLOCK) && header.len <= SEGMENT_LEN_MAX;
    if header.len != region.len() || !plausible {
        return Err(refused(DamageKind::Contradiction("the header has another length than the file")).into());
    }
    if header.number > COUNT_MAX || header.base.0 > COUNT_MAX {
        return Err(
            refused(DamageKind::Contradiction("a number or a position that no journal reaches")).into()
        );
    }
    // Segments adjoin, and each is whole blocks long; batches are separated by blocks.
    if !header.base.0.is_multiple_of(BLOCK) {
        return Err(refused(DamageKind::Contradiction("the segment begins between blocks")).into());
    }
    Ok(Segment { header, checksum, region })
}
