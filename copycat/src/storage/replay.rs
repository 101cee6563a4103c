//! Replays the batches of all segments in their order, and checks that nothing is missing.

use super::batch_header::{BATCH_HEADER_LEN, BatchKind, Record};
use super::checkpoint;
use super::disk::Region;
use super::error::{Damage, DamageKind, DiskError, StorageError};
use super::group_log::{EntryContent, EntryLocation, GroupLog, GroupState};
use super::position::{BLOCK, Position, ZEROES};
use super::scan::{Cut, Found, Scan, Tail, contradiction, damage, malformed};
use super::segment::Segment;
use crate::codec::configuration::Configuration;
use crate::codec::frame::{HEADER_LEN, Kind};
use crate::codec::ids::{GroupId, INDEX_MAX, TERM_MAX};
use crate::codec::terms::LogId;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The result of the batches replayed so far.
#[derive(Debug)]
pub(super) struct Replay {
    /// The state of each group.
    pub groups: BTreeMap<GroupId, GroupLog>,
    /// Number of segments with at least one intact batch.
    pub started: usize,
    /// The position after the last intact batch.
    pub end: Position,
    /// Checksum of the last intact batch's header.
    pub previous: u32,
    /// The torn tail after the last intact batch, which does not count.
    pub cut: Option<Cut>,
    /// The regions and offsets at which torn tails begin: after the last intact batch, and in later segments.
    torn: Vec<(Arc<dyn Region>, u64)>,
}

impl Replay {
    /// Replays all segments, oldest first. The last batches may be in the cache and not on the disk. So they are
    /// flushed, and read from the disk, before they count.
    pub(super) fn over(segments: &[Segment]) -> Result<Replay, StorageError> {
        assert!(!segments.is_empty(), "a journal has a segment, if only a new one");
        let (groups, end) = (BTreeMap::new(), Position(0));
        let mut replay = Replay { groups, started: 0, end, previous: 0, cut: None, torn: Vec::new() };
        for segment in segments.iter().rev() {
            segment.region.sync()?;
            segment.region.refresh()?;
            // Everything before a segment was durable before the segment's first batch was written.
            if Scan::new(segment).next()?.is_some() {
                break;
            }
        }
        // The last segment with intact batches. Its tail is examined once it is known that no later segment has
        // intact batches.
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

    /// Handles the first batch of a segment. Everything before it must be intact.
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
            return Err(damage(&segments[self.started], BLOCK, DamageKind::Acknowledged { durable }));
        } else if let Some(last) = last.filter(|last| last.position() < durable) {
            return Err(last.damage(DamageKind::Acknowledged { durable }));
        }
        assert!(self.started <= at, "segments are begun once");
        self.started = at + 1;
        self.cut = None;
        self.torn.clear();
        Ok(())
    }

    fn batch(&mut self, segment: &Segment, found: &Found<'_>) -> Result<(), Damage> {
        let first_of_all = self.started == 1 && found.offset == BLOCK;
        assert!(!first_of_all || self.groups.is_empty(), "nothing comes before the first batch");
        // One write is in flight at a time: everything before a batch was durable when it was written.
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

    /// Compares a checkpoint with the batches before it, and drops the entries that it no longer contains.
    fn agree(&mut self, states: &BTreeMap<GroupId, GroupState>) -> Option<()> {
        if states.len() != self.groups.len() {
            return None;
        }
        for (group, state) in states {
            let log = self.groups.get_mut(group)?;
            let base = state.log.base();
            if state.log.last() != log.state().log.last() || base.index < log.state().log.base().index {
                return None;
            }
            log.drop_through(base.index);
            // A checkpoint also records commit indexes that are newer than the last commit frame.
            if state.commit < log.state().commit {
                return None;
            }
            log.replay_commit(state.commit);
            (log.state() == state).then_some(())?;
        }
        Some(())
    }

    /// Replays the frames of a batch. All of them were verified.
    fn frames(&mut self, segment: &Segment, found: &Found<'_>) -> Result<(), Damage> {
        let position = found.header.position;
        assert_eq!(segment.offset(position), found.offset, "a batch lies where its header says");
        let mut offset = BATCH_HEADER_LEN;
        for run in found.records.chunk_by(|one, next| one.group == next.group) {
            let log = self.groups.entry(run[0].group).or_default();
            for record in run {
                let end = offset + record.len as usize;
                let location = EntryLocation { position: position.plus(offset), len: record.len };
                let at = found.offset + offset as u64;
                let follows = match record.kind {
                    Kind::Vote => replay_vote(log, record),
                    Kind::Commit => replay_commit(log, record),
                    Kind::Configuration => {
                        let body = offset - BATCH_HEADER_LEN + HEADER_LEN..end - BATCH_HEADER_LEN;
                        let decoded =
                            Configuration::decode(&found.body[body]).map_err(malformed(segment, at))?;
                        replay_entry(log, record, location, EntryContent::Configuration(decoded))
                    }
                    Kind::Schema => replay_entry(log, record, location, EntryContent::Schema),
                    _ => replay_entry(log, record, location, EntryContent::Other),
                };
                follows.map_err(|what| contradiction(segment, at, what))?;
                offset = end;
            }
        }
        assert_eq!(offset, BATCH_HEADER_LEN + found.body.len(), "the frames fill the body");
        Ok(())
    }

    /// Examines what follows the intact batches of a segment. The last intact batch of the journal is here, or it is
    /// in an earlier segment, `last`. If an intact header says that more was durable, that is damage.
    fn tail(&mut self, scan: &mut Scan<'_>, last: Option<&Scan<'_>>) -> Result<(), StorageError> {
        let Tail { durable, cut } = scan.tail()?;
        let broken = [Some(&*scan), last].into_iter().flatten().find(|end| end.position() < durable);
        if let Some(broken) = broken {
            return Err(broken.damage(DamageKind::Acknowledged { durable }).into());
        }
        if let Some(cut) = &cut {
            assert_eq!(cut.offset, scan.offset(), "a tail begins where the intact batches end");
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
            return Err(damage(&segments[0], 0, DamageKind::EntriesMissing { group, first }).into());
        }
        assert!(self.started > 0 || self.groups.is_empty(), "groups come from batches");
        assert!(self.started <= segments.len() && self.end.is_block(), "batches are blocks of segments");
        debug_assert!(
            self.groups.values().all(|log| log.state().is_sound()),
            "what contradicts itself is damage"
        );
        self.torn.drain(..).try_for_each(|(region, offset)| erase(&*region, offset))?;
        Ok(self)
    }
}

/// Overwrites the first block of a torn tail, before any other code learns that the tail is cut. The next batch
/// starts at the same offset. If its write is torn too, its header may be lost while its other sectors complete the
/// old batch. Without its own header, which lies in the first block, the old batch can never become valid.
fn erase(region: &dyn Region, offset: u64) -> Result<(), DiskError> {
    assert!(offset.is_multiple_of(BLOCK) && offset >= BLOCK, "a tail begins where a batch may");
    region.write(offset, &[Bytes::from_static(&ZEROES)])?;
    region.sync()?;
    // The next write may go to any region, so this one is prepared for writing again.
    region.refresh()
}

/// The reason why an intact frame contradicts those before it.
type Contradicts = &'static str;

fn replay_vote(log: &mut GroupLog, record: &Record) -> Result<(), Contradicts> {
    let (term, vote) = (record.id.term, record.vote);
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

fn replay_commit(log: &mut GroupLog, record: &Record) -> Result<(), Contradicts> {
    let (LogId { term, index }, state) = (record.id, log.state());
    if index == 0 {
        return Err("a commit index without an entry");
    }
    if index < state.commit {
        return Err("the group's commit index falls");
    }
    if index > state.log.last().index {
        return Err("a commit index beyond the log");
    }
    if state.log.term(index) != Some(term) {
        return Err("a commit index whose entry has another term");
    }
    log.replay_commit(index);
    Ok(())
}

fn replay_entry(
    log: &mut GroupLog,
    record: &Record,
    location: EntryLocation,
    content: EntryContent,
) -> Result<(), Contradicts> {
    let (LogId { term, index }, state) = (record.id, log.state());
    if index <= state.commit {
        return Err("an entry that replaces a committed one");
    }
    let before = index.checked_sub(1).and_then(|before| state.log.term(before));
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
    // A term is recorded before the first entry of this term is.
    if term > state.term {
        return Err("an entry of a term that was not recorded before it");
    }
    log.put(record.id, location, content);
    Ok(())
}
