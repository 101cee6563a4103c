//! Opening: what the segments say, what a crash left, and whether that is all there should be.
//!
//! The rules are in `FORMAT.md`. In short: only what lies behind the last intact batch may be cut, and
//! only if no intact header anywhere says that more was durable; everything else is damage, and nothing
//! is changed then.

use super::batch::BatchKind;
use super::checkpoint;
use super::disk::{Disk, Region};
use super::error::{Damage, DiskError, Problem, StorageError};
use super::group_log::{GroupLog, GroupState, Place};
use super::journal::{Flushed, Journal, Options, SEGMENT_LEN_MAX, SEGMENT_LEN_MIN};
use super::position::{BLOCK, Position, ZEROES};
use super::preparation::{Preparer, create_first};
use super::recent::Recent;
use super::scan::{Found, Scan, Tail, contradiction, damage, malformed};
use super::segment::{Segment, SegmentHeader, VERSION};
use crate::codec::configuration::Configuration;
use crate::codec::frame::{Frame, Kind};
use crate::codec::ids::{GroupId, INDEX_MAX, TERM_MAX};
use crate::codec::terms::LogId;
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// What a journal held when it was opened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Recovered {
    /// The state of every group that ever stored anything.
    pub groups: BTreeMap<GroupId, GroupState>,
    /// What was cut off the end.
    pub cut: Option<Cut>,
}

/// A torn tail: bytes of a write that had not ended, of which nothing was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cut {
    /// The file.
    pub file: String,
    /// Where in it, in bytes.
    pub offset: u64,
    /// How many bytes; in a recycled file only those that can be told from what was there before.
    pub bytes: u64,
}

impl Journal {
    /// Opens the journal on this disk, or begins one where there is none. Blocks: reads and verifies
    /// everything, and makes durable what it found valid at the end, and that the rest is cut.
    ///
    /// `seed` is where the salts of new segments come from: random, except in simulations.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        options: Options,
        seed: u64,
    ) -> Result<(Journal, Recovered), StorageError> {
        let numbers = disk.list()?;
        let mut segments = Vec::with_capacity(numbers.len());
        for (at, number) in numbers.iter().enumerate() {
            let segment = open_segment(&*disk, *number, &options)?;
            if at > 0 && numbers[at - 1] + 1 != *number {
                let missing = Problem::SegmentMissing(*number - 1);
                return Err(damage(&segment, 0, missing).into());
            }
            segments.push(segment);
        }
        if segments.is_empty() {
            segments.push(create_first(&*disk, first_header(&options, seed))?);
        }
        let replay = Replay::over(&segments)?;
        // A torn checkpoint leaves two segments without batches. Only the first of them may stay: it may
        // yet be replaced by a longer one, which the second would no longer adjoin.
        let kept = replay.started.max(1) + 1;
        for surplus in segments.drain(kept.min(segments.len())..).rev() {
            disk.remove(surplus.header.number)?;
        }
        let journal = Journal::assemble(disk, options, seed, segments, replay);
        Ok(journal)
    }

    fn assemble(
        disk: Arc<dyn Disk>,
        options: Options,
        seed: u64,
        segments: Vec<Segment>,
        replay: Replay,
    ) -> (Journal, Recovered) {
        let states = replay.groups.iter().map(|(group, log)| (*group, log.state().clone())).collect();
        let recovered = Recovered { groups: states, cut: replay.cut };
        let mut segments = VecDeque::from(segments);
        let mut unused = segments.split_off(replay.started);
        let salt = segments.back().or(unused.front()).map_or(0, |segment| segment.header.salt);
        let mut journal = Journal {
            disk,
            options,
            // Also with the same seed after a restart, no salt comes twice.
            salts: fastrand::Rng::with_seed(seed ^ salt.rotate_left(17) ^ replay.end.0),
            groups: replay.groups,
            segments,
            end: replay.end,
            durable: replay.end,
            previous: replay.previous,
            in_flight: None,
            waiting: VecDeque::new(),
            recent: Recent::default(),
            releases: VecDeque::new(),
            preparer: Preparer::default(),
            failed: None,
            flushed: Flushed::default(),
        };
        if journal.segments.is_empty()
            && let Some(first) = unused.pop_front()
        {
            journal.activate(first, checkpoint::encode(&journal.groups));
        }
        if let Some(ready) = unused.pop_front() {
            journal.preparer.set_ready(ready);
        }
        assert!(unused.is_empty(), "one segment is ready, no more");
        journal.release_recovered();
        (journal, recovered)
    }
}

fn first_header(options: &Options, seed: u64) -> SegmentHeader {
    let len = options.len_of(0);
    let salt = fastrand::Rng::with_seed(seed).u64(..);
    SegmentHeader { number: 0, salt, base: Position(0), len, owner: options.owner, recycled: false }
}

fn open_segment(disk: &dyn Disk, number: u64, options: &Options) -> Result<Segment, StorageError> {
    let region = disk.open(number)?;
    let file = region.to_string();
    let refused = |problem| Damage { file: file.clone(), offset: 0, problem };
    // Its reserve alone takes four blocks: in a shorter one there is no room for anything.
    if region.len() < SEGMENT_LEN_MIN {
        return Err(refused(Problem::Contradiction("the file is shorter than a segment")).into());
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
        return Err(refused(Problem::Contradiction("the header has another number than the name")).into());
    }
    let plausible = header.len.is_multiple_of(BLOCK) && header.len <= SEGMENT_LEN_MAX;
    if header.len != region.len() || !plausible || header.base.0.checked_add(header.len).is_none() {
        return Err(refused(Problem::Contradiction("the header has another length than the file")).into());
    }
    // Segments adjoin, and each is whole blocks long; batches are told apart by blocks.
    if !header.base.0.is_multiple_of(BLOCK) {
        return Err(refused(Problem::Contradiction("the segment begins between blocks")).into());
    }
    Ok(Segment { header, checksum, region })
}

/// The state that grows while the batches are gone through.
struct Replay {
    groups: BTreeMap<GroupId, GroupLog>,
    /// Segments with at least one intact batch.
    started: usize,
    end: Position,
    previous: u32,
    cut: Option<Cut>,
    /// Where torn tails begin, of the whole journal and of segments behind.
    torn: Vec<(Arc<dyn Region>, u64)>,
}

impl Replay {
    /// Goes through all segments, oldest first. What is valid at the end was perhaps never flushed: it
    /// is flushed here, and read back from the medium, before it counts.
    fn over(segments: &[Segment]) -> Result<Replay, StorageError> {
        let (groups, end) = (BTreeMap::new(), Position(0));
        let mut replay = Replay { groups, started: 0, end, previous: 0, cut: None, torn: Vec::new() };
        for segment in segments.iter().rev() {
            segment.region.sync()?;
            segment.region.refresh()?;
            // Whatever lies before a segment with batches was durable before the first of them.
            if Scan::new(segment).next()?.is_some() {
                break;
            }
        }
        // Where the intact batches end: in the last segment that has any, or at the very beginning. What lies
        // behind is looked at when it is known that nothing more follows.
        let mut last: Option<Scan<'_>> = None;
        for (at, segment) in segments.iter().enumerate() {
            if at > 0 && segments[at - 1].end() != segment.header.base {
                return Err(contradiction(segment, 0, "the segment does not adjoin the one before").into());
            }
            let mut scan = Scan::new(segment);
            while let Some(found) = scan.next()? {
                if found.offset == BLOCK {
                    replay.begin(at, segments, &found, last.as_ref())?;
                }
                replay.batch(segment, &found)?;
                replay.end = Position(found.header.position.0 + found.header.extent());
            }
            match last.as_ref().filter(|_| scan.offset() == BLOCK) {
                Some(last) => replay.tail(&mut scan, Some(last))?,
                None => {
                    replay.previous = scan.previous();
                    last = Some(scan);
                }
            }
        }
        replay.finish(segments, last)
    }

    /// The first batch of a segment: all before it must be there.
    fn begin(
        &mut self,
        at: usize,
        segments: &[Segment],
        found: &Found<'_>,
        last: Option<&Scan<'_>>,
    ) -> Result<(), Damage> {
        let segment = &segments[at];
        if found.header.kind != BatchKind::Checkpoint {
            return Err(contradiction(segment, found.offset, "the segment does not begin with a checkpoint"));
        }
        let durable = found.header.durable;
        if at == 0 {
            self.end = durable;
        } else if self.started < at {
            return Err(damage(&segments[self.started], BLOCK, Problem::Acknowledged { durable }));
        } else if let Some(last) = last.filter(|last| last.position() < durable) {
            return Err(last.damage(Problem::Acknowledged { durable }));
        }
        self.started = at + 1;
        self.cut = None;
        self.torn.clear();
        Ok(())
    }

    fn batch(&mut self, segment: &Segment, found: &Found<'_>) -> Result<(), Damage> {
        let first_of_all = self.started == 1 && found.offset == BLOCK;
        // One write at a time: whatever lies before a batch was durable when it was written.
        if found.header.durable != self.end {
            return Err(contradiction(segment, found.offset, "the batch does not follow the one before"));
        }
        match found.header.kind {
            BatchKind::Checkpoint => {
                let states = checkpoint::decode(found.body).map_err(malformed(segment, found.offset))?;
                if first_of_all {
                    let logs = states.into_iter().map(|(group, state)| (group, GroupLog::restored(state)));
                    self.groups = logs.collect();
                    return Ok(());
                }
                let agrees = self.agree(&states);
                agrees.ok_or_else(|| {
                    contradiction(segment, found.offset, "the checkpoint contradicts the frames")
                })
            }
            BatchKind::Frames => self.frames(segment, found),
        }
    }

    /// Compares a checkpoint with what the batches before it gave, and drops what it says was dropped.
    fn agree(&mut self, states: &BTreeMap<GroupId, GroupState>) -> Option<()> {
        if states.len() != self.groups.len() {
            return None;
        }
        for (group, state) in states {
            let log = self.groups.get_mut(group)?;
            let base = state.terms.base();
            if base.index > log.state().terms.last().index {
                return None;
            }
            log.drop_through(base.index);
            (log.state() == state).then_some(())?;
        }
        Some(())
    }

    fn frames(&mut self, segment: &Segment, found: &Found<'_>) -> Result<(), Damage> {
        let mut offset = found.offset + super::batch::BATCH_HEADER_LEN as u64;
        for frame in Frame::all_trusted(found.body) {
            let frame = frame.map_err(malformed(segment, offset))?;
            let log = self.groups.entry(frame.header.group).or_default();
            let position = Position(segment.header.base.0 + offset);
            let place = Place { position, len: frame.bytes.len() as u32 };
            let follows = match frame.header.kind {
                Kind::Vote => replay_vote(log, &frame),
                Kind::Configuration => {
                    let decoded = Configuration::decode(frame.body).map_err(malformed(segment, offset))?;
                    replay_entry(log, &frame, place, Some(decoded))
                }
                Kind::Command | Kind::Noop | Kind::Schema => replay_entry(log, &frame, place, None),
            };
            follows.map_err(|what| contradiction(segment, offset, what))?;
            offset += frame.bytes.len() as u64;
        }
        Ok(())
    }

    /// What lies in a segment behind its intact batches; those of the whole journal end there, or at `last` in a
    /// segment before. An intact header vouches for everything before it, wherever that lies.
    fn tail(&mut self, scan: &mut Scan<'_>, last: Option<&Scan<'_>>) -> Result<(), StorageError> {
        let Tail { durable, cut } = scan.tail()?;
        let broken = [Some(&*scan), last].into_iter().flatten().find(|end| end.position() < durable);
        if let Some(broken) = broken {
            return Err(broken.damage(Problem::Acknowledged { durable }).into());
        }
        if let Some(cut) = &cut {
            self.torn.push((scan.region(), cut.offset));
        }
        self.cut = self.cut.take().or(cut);
        Ok(())
    }

    fn finish(mut self, segments: &[Segment], last: Option<Scan<'_>>) -> Result<Replay, StorageError> {
        if self.started == 0 && segments[0].header.number > 0 {
            return Err(contradiction(&segments[0], BLOCK, "the oldest segment has no checkpoint").into());
        }
        if let Some(mut last) = last {
            self.tail(&mut last, None)?;
        }
        let missing = self.groups.iter().find_map(|(group, log)| Some((*group, log.first_missing()?)));
        if let Some((group, first)) = missing {
            return Err(damage(&segments[0], 0, Problem::EntriesMissing { group, first }).into());
        }
        assert!(self.started > 0 || self.groups.is_empty(), "groups come from batches");
        for (region, offset) in std::mem::take(&mut self.torn) {
            erase(&*region, offset)?;
        }
        Ok(self)
    }
}

/// Makes it final that a torn tail is cut, before anybody learns of it. The next batch is written to the same place:
/// if that is torn too, its sectors may be the very ones that the batch of the tail lacks, and its header may be the one
/// that is lost. Without a header of its own the tail stays a tail; it lies in the first block, if anywhere.
fn erase(region: &dyn Region, offset: u64) -> Result<(), DiskError> {
    region.write(offset, &[Bytes::from_static(&ZEROES)])?;
    region.sync()?;
    // Whichever region is written next, this one is ready for it as before.
    region.refresh()
}

/// What is wrong with a frame that is intact and yet cannot stand behind those before it.
type Contradicts = &'static str;

fn replay_vote(log: &mut GroupLog, frame: &Frame<'_>) -> Result<(), Contradicts> {
    let (term, vote) = (frame.header.term, frame.header.voted_for());
    let state = log.state_mut();
    if term == 0 {
        return Err("a vote without a term");
    }
    if term > TERM_MAX {
        return Err("a term that no election reaches");
    }
    if term < state.term {
        return Err("the group's term falls");
    }
    if term == state.term && state.vote.is_some() && state.vote != vote {
        return Err("a second vote in one term");
    }
    state.set_vote(term, vote);
    Ok(())
}

fn replay_entry(
    log: &mut GroupLog,
    frame: &Frame<'_>,
    place: Place,
    configuration: Option<Configuration>,
) -> Result<(), Contradicts> {
    let (index, term, state) = (frame.header.index, frame.header.term, log.state());
    let before = index.checked_sub(1).and_then(|before| state.terms.term(before));
    let before = before.ok_or("the entry's index does not follow those before")?;
    if index > INDEX_MAX {
        return Err("an index that no log reaches");
    }
    if term == 0 {
        return Err("an entry without a term");
    }
    if term < before {
        return Err("the terms of the log fall");
    }
    // A term is recorded before the first entry of it is.
    if term > state.term {
        return Err("an entry of a term that was not recorded before it");
    }
    log.put(LogId::new(frame.header.term, frame.header.index), place, configuration);
    Ok(())
}
